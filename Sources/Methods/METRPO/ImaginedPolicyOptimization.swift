import Archive
import Configuration
import Experience
import Imagining
import Interfaces
import Kernels
import Learners
import Networks

/// Trains an on-policy learner on what a learned world imagines: ME-TRPO (Kurutach et al. 2018, algorithm 2).
///
/// After every `steps` real steps with the policy, exploring, the world is fitted to all of them, and the learner is
/// updated on imagined segments. Every `validationInterval` updates the policy's return is measured in each member of the
/// world, from the same starts with the same random numbers, and compared with that at the last validation that passed:
/// one passes if the return has grown in a share of at least `agreement` of the members. After `patience` failures in a
/// row the updates end.
public struct ImaginedPolicyOptimization<World: LearnedWorld, Learner: OnPolicyLearner>: Agent {
  private let settings: ImaginedPolicyOptimizationSettings
  private let space: ActionSpace
  private var learner: Learner
  private var world: World
  private var replay: ReplayBuffer
  /// First observations of real episodes, [any, D].
  private var firstStates: [Float] = []
  private var counter = StepCounter()
  private var sweeps = 0
  /// Exploration of each copy's episode.
  private var streams = [RandomStream(seed: 0)]
  private var training: RandomStream
  private var fitting: RandomStream
  private var imagination: RandomStream
  /// Scratch: actions as the policy drew them [N, A], starts, and what was imagined.
  private var raw: Matrix
  private var starts: RolloutStates
  private var segment: RolloutSegment
  private let workspace: PerceptronWorkspace
  public private(set) var phases = PhaseSeconds()

  public var metricNames: [String] {
    Learner.metricNames + World.metricNames
      + ["policy_updates", "agreement", "imagined_return", "imagined_steps", "nonfinite_rollouts"]
  }

  /// An agent that trains `learner` in `world` for an environment of `spec`.
  public init(
    _ settings: ImaginedPolicyOptimizationSettings, learner: Learner, world: World, spec: EnvironmentSpec,
    using random: RandomStream
  ) {
    self.settings = settings
    self.learner = learner
    self.world = world
    space = spec.action
    let (size, actionSize) = (spec.observationSize, spec.action.size)
    replay = ReplayBuffer(
      capacity: settings.replayCapacity, observationSize: size, actionSize: actionSize, keepsTimes: world.isTimed)
    let trajectories = (settings.imaginedSteps + settings.horizon - 1) / settings.horizon
    starts = RolloutStates(
      count: trajectories, observationSize: size, actionSize: actionSize, keepsTimes: world.isTimed)
    segment = RolloutSegment(
      copies: 1, observationSize: size, actionSize: actionSize, capacity: trajectories * settings.horizon)
    raw = Matrix(rows: 1, columns: actionSize)
    training = random.child("training")
    fitting = random.child("fitting")
    imagination = random.child("imagination")
    workspace = learner.policy.makeWorkspace()
  }

  /// That of the replay of real transitions, in bytes.
  public func memoryNeeds(after steps: Int) -> [MemoryNeed] {
    [replay.memoryNeed(after: steps, setting: "agent.replay_capacity")]
  }

  /// Makes room for the actions [copies, A] and gives each copy a stream, when they are to collect.
  public mutating func prepare(copies: Int, for purpose: ActPurpose) {
    guard purpose == .collect else { return }
    raw = Matrix(rows: copies, columns: space.size)
    streams = Array(repeating: streams[0], count: copies)
  }

  public mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    if purpose == .collect { streams[copy] = random }
  }

  public mutating func act(on steps: inout CopySteps, for purpose: ActPurpose) throws(NumericalFailure) {
    let policy = learner.policy
    switch purpose {
    case .collect:
      policy.sample(
        count: steps.count, on: steps.observations.pointer, using: &streams, raw: raw.mutablePointer,
        actions: steps.actions.mutablePointer, workspace)
    case .evaluate:
      // modes draw nothing
      policy.act(
        count: steps.count, on: steps.observations.pointer, explore: false, using: &training,
        actions: steps.actions.mutablePointer, workspace)
    }
  }

  public mutating func observe(_ steps: CopySteps) {
    for copy in 0..<steps.count {
      if steps.times[copy] == 0 { firstStates += steps.observations.row(copy) }
      replay.append(copy, of: steps)
      counter.add()
    }
  }

  public mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    guard counter.takeNew().crosses(settings.steps, from: settings.steps) else { return }
    try fit(metrics: &metrics)
    try optimize(metrics: &metrics)
    sweeps += 1
  }

  private mutating func fit(metrics: inout MetricRow) throws(NumericalFailure) {
    let clock = FittingClock()
    defer { phases.fitting += clock.stop() }
    try world.fit(to: replay, using: &fitting, metrics: &metrics)
  }

  /// Updates of the policy in the world as it is now.
  private mutating func optimize(metrics: inout MetricRow) throws(NumericalFailure) {
    let random = imagination.child(sweeps)
    // Made for this call: while they live they share the world's parameters, which the next fit would have to copy.
    let imagined = ImaginedSegments(in: world, space: space)
    let members = world.members.map { ImaginedSegments(in: $0, space: space) }
    var validation = RolloutStates(
      count: settings.validationRollouts, observationSize: replay.observationSize, actionSize: space.size,
      keepsTimes: world.isTimed)
    Self.draw(&validation, from: branchStates, replay, using: random.child("validation starts"))
    var returns = validate(in: members, from: validation, using: random.child("validation"))
    var (updates, failures, steps, nonFinite) = (0, 0, 0, 0)
    while updates < settings.updates && failures < settings.patience {
      imagine(imagined, using: random.child("update").child(updates))
      guard segment.rows > 0 else { break }
      steps += segment.rows
      nonFinite += imagined.nonFinite
      let start = ContinuousClock.now
      try learner.update(on: segment, steps: counter.steps, using: &training, metrics: &metrics)
      phases.learning += seconds(from: start)
      updates += 1
      guard updates.isMultiple(of: settings.validationInterval) else { continue }
      let now = validate(in: members, from: validation, using: random.child("validation"))
      let agreement = Float(zip(returns, now).count { $0 < $1 }) / Float(now.count)
      metrics.record("agreement", agreement)
      if agreement >= settings.agreement {
        (returns, failures) = (now, 0)
      } else {
        failures += 1
      }
    }
    metrics.record("policy_updates", Float(updates))
    let mean = Float(returns.reduce(0, +) / Double(returns.count))
    if mean.isFinite { metrics.record("imagined_return", mean) }
    metrics.record("imagined_steps", Float(steps))
    metrics.record("nonfinite_rollouts", Float(nonFinite))
  }

  /// First states of real episodes, where trajectories are to start there.
  private var branchStates: [Float] { settings.starts == .episodes ? firstStates : [] }

  /// Fills the segment.
  private mutating func imagine(_ imagined: ImaginedSegments<World>, using random: RandomStream) {
    let start = ContinuousClock.now
    defer { phases.planning += seconds(from: start) }
    Self.draw(&starts, from: branchStates, replay, using: random.child("starts"))
    imagined.run(from: starts, steps: settings.horizon, policy: learner.policy, using: random.child("rollouts"))
    segment.clear()
    imagined.append(to: &segment)
  }

  /// The policy's mean return in each member.
  private mutating func validate(
    in members: [ImaginedSegments<World>], from validation: RolloutStates, using random: RandomStream
  ) -> [Double] {
    let start = ContinuousClock.now
    defer { phases.planning += seconds(from: start) }
    let policy = learner.policy
    return members.map { member in
      member.run(from: validation, steps: settings.horizon, policy: policy, using: random)
      return member.meanReturn
    }
  }

  /// Draws where trajectories start: among `firstStates` [any, D], or without any in the states of `replay`.
  private static func draw(
    _ points: inout RolloutStates, from firstStates: [Float], _ replay: ReplayBuffer, using random: RandomStream
  ) {
    var random = random
    let size = replay.observationSize
    guard !firstStates.isEmpty else { return replay.sample(into: &points, using: &random) }
    let target = points.states.mutablePointer
    for row in 0..<points.count {
      let place = random.index(below: firstStates.count / size) * size
      for i in 0..<size { target[row * size + i] = firstStates[place + i] }
      if !points.times.isEmpty { points.times[row] = 0 }
    }
  }
}

extension ImaginedPolicyOptimization: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("learner", &learner)
    try fields.field("model", &world)
    try fields.field("replay", &replay)
    try fields.field("first_states", &firstStates, growing: true)
    var counters = [counter.steps, sweeps]
    try fields.field("counters", &counters)
    guard firstStates.count.isMultiple(of: replay.observationSize) else {
      throw .mismatch(name: "first_states", expected: "whole states", found: "\(firstStates.count) numbers")
    }
    (counter, sweeps) = (StepCounter(counters[0]), counters[1])
    try fields.field("exploration", copies: &streams)
    try fields.field("training", &training)
    try fields.field("fitting", &fitting)
    try fields.field("imagination", &imagination)
  }
}
