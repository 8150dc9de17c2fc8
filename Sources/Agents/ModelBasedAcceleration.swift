import Archive
import Experience
import Imagining
import Interfaces
import Kernels

/// An off-policy learner that is also trained on imagined experience: model-based acceleration (Gu, Lillicrap, Sutskever and
/// Levine 2016, algorithm 2, without its optional iLQG exploration).
///
/// The model is fitted anew at ends of episodes. Every so many real steps, short rollouts of the current policy start from
/// states on real trajectories (with local models: from the trajectories these were fitted to) and go into a replay of their
/// own. Each real step is followed by updates on real and by updates on imagined transitions. Imagination ends after a given
/// number of steps: what speeds up learning at first limits it later.
public struct ModelBasedAcceleration<Learner: OffPolicyLearner, World: LearnedWorld>: Agent {
  private let settings: OffPolicySettings
  private let imagining: ImaginationSettings
  private let space: ActionSpace
  private var learner: Learner
  private var world: World
  private var rollouts: BranchedRollouts<World, Learner.Acting>?
  private var imagined: ReplayBuffer
  private var points: BranchPoints
  private var range: ObservedRange
  /// Numbers of the transitions that the world was fitted to and that its predictions hold near, as the replay counts them.
  private var fitted = 0..<0
  private var replay: ReplayBuffer
  private var batch: TransitionBatch
  private var (steps, time, episodes, unfitted) = (0, 0, 0, 0)
  private var exploration = RandomStream(seed: 0)
  private var training: RandomStream
  private var modelRandom: RandomStream
  public private(set) var phases = PhaseSeconds()

  public var metricNames: [String] { Learner.metricNames + World.metricNames + ["abandoned_share"] }

  /// An agent around `learner` in an environment of `spec`, with `world` to imagine in. `returnSteps` of the settings must
  /// be 1.
  public init(
    _ settings: OffPolicySettings, _ imagining: ImaginationSettings, learner: Learner, world: World,
    spec: EnvironmentSpec, using random: RandomStream
  ) {
    precondition(settings.returnSteps == 1, "imagined steps join no returns")
    self.settings = settings
    self.imagining = imagining
    self.learner = learner
    self.world = world
    space = spec.action
    let (size, actionSize) = (spec.observationSize, spec.action.size)
    imagined = ReplayBuffer(capacity: imagining.capacity, observationSize: size, actionSize: actionSize)
    points = BranchPoints(
      count: imagining.rollouts, observationSize: size, actionSize: actionSize, keepsTimes: world.isTimed)
    range = ObservedRange(size: size)
    replay = ReplayBuffer(
      capacity: settings.replayCapacity, observationSize: size, actionSize: actionSize, keepsTimes: world.isTimed)
    batch = TransitionBatch(count: settings.batchSize, observationSize: size, actionSize: actionSize)
    training = random.child("training")
    modelRandom = random.child("imagination")
  }

  public mutating func startEpisode(for purpose: ActPurpose, using random: RandomStream) {
    guard purpose == .collect else { return }
    exploration = random
    learner.startEpisode()
    time = 0
  }

  public mutating func act(
    on observation: [Float], for purpose: ActPurpose, action: inout [Float]
  ) throws(NumericalFailure) {
    if purpose == .collect && steps < settings.randomSteps {
      space.draw(&action, using: &exploration)
    } else {
      learner.act(on: observation, explore: purpose == .collect, using: &exploration, action: &action)
    }
  }

  public mutating func observe(_ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float]) {
    replay.append(
      observation, action, reward: outcome.reward, next: next, continues: outcome.ending != .terminated, time: time)
    range.include(observation)
    range.include(next)
    steps += 1
    time += 1
    if outcome.ending != .none {
      episodes += 1
      unfitted += 1
    }
  }

  public mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    let imagines = steps <= imagining.end ?? .max
    if imagines { try fit(metrics: &metrics) }
    guard steps > settings.randomSteps else { return }
    if imagines, let rollouts, steps % imagining.interval == 0 { imagine(with: rollouts, metrics: &metrics) }
    let start = ContinuousClock.now
    defer { phases.learning += seconds(from: start) }
    if steps % settings.trainInterval == 0 {
      for _ in 0..<settings.updates {
        replay.sample(into: &batch, using: &training)
        try learner.update(on: batch, using: &training, metrics: &metrics)
      }
    }
    guard imagines && imagined.count >= settings.batchSize else { return }
    for _ in 0..<imagining.updates {
      imagined.sample(into: &batch, using: &training)
      try learner.update(on: batch, using: &training, metrics: &metrics)
    }
  }

  /// Fits the model if it is time to.
  private mutating func fit(metrics: inout MetricRow) throws(NumericalFailure) {
    let isDue =
      world.needsData
      ? episodes >= imagining.firstFit && unfitted >= (rollouts == nil ? 1 : imagining.fitInterval) : rollouts == nil
    guard isDue else { return }
    rollouts = nil
    let start = ContinuousClock.now
    try world.fit(to: replay, using: &modelRandom, metrics: &metrics)
    phases.fitting += seconds(from: start)
    unfitted = 0
    let oldest = replay.appended - replay.count
    fitted = oldest + (world.localEpisodes.map { replay.firstIndex(ofLast: $0) } ?? 0)..<replay.appended
    makeRollouts()
  }

  private mutating func makeRollouts() { rollouts = BranchedRollouts(in: world, space: space) }

  /// One round of rollouts. Local models are followed from the trajectories they were fitted to, others from all.
  private mutating func imagine(
    with rollouts: BranchedRollouts<World, Learner.Acting>, metrics: inout MetricRow
  ) {
    let start = ContinuousClock.now
    defer { phases.planning += seconds(from: start) }
    let numbers = world.localEpisodes == nil ? 0..<replay.appended : fitted
    // with a small replay all of them may have been overwritten since
    guard numbers.upperBound > replay.appended - replay.count else { return }
    replay.sample(into: &points, from: numbers, using: &modelRandom)
    let summary = rollouts.run(
      from: points, steps: imagining.length, actions: imagining.explore ? .policy : .mode, policy: learner.policy,
      within: range.bounds(margin: imagining.margin), using: RandomStream(seed: modelRandom.next()), into: &imagined)
    let abandoned = summary.nonFinite + summary.outside
    let steps = summary.transitions + abandoned
    metrics.record("abandoned_share", steps > 0 ? Float(abandoned) / Float(steps) : 0)
  }
}

extension ModelBasedAcceleration: Checkpointable {
  public func save(to writer: inout StateWriter) {
    writer.write("learner", learner)
    writer.write("model", world)
    writer.write("imagined", imagined)
    writer.write("range", range)
    writer.write("replay", replay)
    writer.write("counters", [steps, time, episodes, unfitted, fitted.lowerBound, fitted.upperBound])
    writer.write("has_rollouts", rollouts != nil)
    writer.write("exploration", exploration)
    writer.write("training", training)
    writer.write("imagination", modelRandom)
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    try reader.read("learner", into: &learner)
    rollouts = nil
    try reader.read("model", into: &world)
    try reader.read("imagined", into: &imagined)
    try reader.read("range", into: &range)
    try reader.read("replay", into: &replay)
    let counters = try reader.integers("counters")
    guard counters.count == 6, counters[4] <= counters[5] else {
      throw .mismatch(name: "counters", expected: "6 integers", found: "\(counters)")
    }
    fitted = counters[4]..<counters[5]
    (steps, time, episodes, unfitted) = (counters[0], counters[1], counters[2], counters[3])
    exploration = try reader.stream("exploration")
    training = try reader.stream("training")
    modelRandom = try reader.stream("imagination")
    if try reader.bool("has_rollouts") { makeRollouts() }
  }
}
