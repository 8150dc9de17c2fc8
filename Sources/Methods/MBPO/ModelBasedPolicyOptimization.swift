import Archive
import Configuration
import Experience
import Imagining
import Interfaces
import Kernels

/// Trains an off-policy learner on what a learned model imagines: MBPO (Janner et al. 2019, algorithm 2).
///
/// After the random steps, and every `fitInterval` steps from then on, the model is fitted to all real transitions, and
/// short trajectories with the current policy branch off from real states into a buffer of imagined transitions. After
/// each step the learner takes `updates` steps on batches of which `realRatio` are real. Epochs count from the end of the
/// random steps.
public struct ModelBasedPolicyOptimization<World: LearnedWorld, Learner: OffPolicyLearner>: ReplayedAgent {
  private let settings: ModelBasedPolicyOptimizationSettings
  private let schedule: RolloutSchedule
  private let realRows: Int
  var core: ReplayedLearner<Learner>
  /// The learner as it is now.
  package var learner: Learner { core.learner }
  /// Real transitions.
  package var replay: ReplayBuffer { core.replay }
  package private(set) var world: World
  package private(set) var imagined: ReplayBuffer
  private var batch: TransitionBatch
  private var points: RolloutStates
  private var fits = 0
  private var training: RandomStream
  private var fitting: RandomStream
  private var imagination: RandomStream
  public private(set) var phases = PhaseSeconds()

  public var metricNames: [String] {
    Learner.metricNames + World.metricNames
      + ["rollout_length", "imagined_transitions", "imagined_terminations", "nonfinite_rollouts"]
      + (settings.disagreement == nil ? [] : ["disputed_rollouts"])
      + (settings.horizonError == nil ? [] : ["one_step_error", "longest_error"])
  }

  /// An agent that trains `learner` in `world` for an environment of `spec`.
  public init(
    _ settings: ModelBasedPolicyOptimizationSettings, learner: Learner, world: World, spec: EnvironmentSpec,
    using random: RandomStream
  ) {
    guard let schedule = RolloutSchedule(settings.rolloutSchedule) else {
      preconditionFailure("rollout schedule \(settings.rolloutSchedule)")
    }
    self.settings = settings
    self.schedule = schedule
    self.world = world
    let (size, actionSize) = (spec.observationSize, spec.action.size)
    core = ReplayedLearner(
      learner, spec: spec, randomSteps: settings.randomSteps, replayCapacity: settings.replayCapacity,
      keepsTimes: world.isTimed)
    imagined = ReplayBuffer(
      capacity: settings.retainedFits * settings.rollouts * schedule.length(epoch: 0), observationSize: size,
      actionSize: actionSize)
    batch = TransitionBatch(count: settings.batchSize, observationSize: size, actionSize: actionSize)
    realRows = Int(Float(settings.batchSize) * settings.realRatio)
    points = RolloutStates(
      count: settings.rollouts, observationSize: size, actionSize: actionSize, keepsTimes: world.isTimed)
    training = random.child("training")
    fitting = random.child("fitting")
    imagination = random.child("imagination")
  }

  /// Its replays: of real transitions, and of what it imagines after each fit.
  public func memoryNeeds(after steps: Int) -> [MemoryNeed] {
    let fits = max(0, steps - settings.randomSteps) / settings.fitInterval
    let imaginedRows = min(settings.retainedFits, fits) * settings.rollouts
    return core.memoryNeeds(after: steps) + [imagined.memoryNeed(after: imaginedRows, setting: "agent.rollouts")]
  }

  public mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    let new = core.takeNewSteps()
    guard new.after >= settings.randomSteps else { return }
    let usesModel = settings.realRatio < 1
    let learned = new.beyond(settings.randomSteps).count
    if learned > 0, fits > 0 || !usesModel { try update(learned * settings.updates, metrics: &metrics) }
    if usesModel, fits == 0 || new.crosses(settings.fitInterval, from: settings.randomSteps) {
      let scheduled = schedule.length(epoch: (core.steps - settings.randomSteps) / settings.epochLength)
      let length = bearable(scheduled, metrics: &metrics)
      try fit(metrics: &metrics)
      imagine(length, capacityFor: scheduled, metrics: &metrics)
    }
  }

  private mutating func update(_ updates: Int, metrics: inout MetricRow) throws(NumericalFailure) {
    let start = ContinuousClock.now
    defer { phases.learning += seconds(from: start) }
    let real = imagined.count > 0 ? realRows : batch.count
    for _ in 0..<updates {
      core.replay.sample(0..<real, of: &batch, using: &training)
      imagined.sample(real..<batch.count, of: &batch, using: &training)
      try core.learner.update(on: batch, using: &training, metrics: &metrics)
    }
  }

  private mutating func fit(metrics: inout MetricRow) throws(NumericalFailure) {
    let clock = FittingClock()
    defer { phases.fitting += clock.stop() }
    try world.fit(to: core.replay, using: &fitting, metrics: &metrics)
    fits += 1
  }

  /// The steps of imagined trajectories that the error on the real steps since the last fit bears, where that is asked for;
  /// the shortest scheduled where nothing has been fitted.
  private func bearable(_ scheduled: Int, metrics: inout MetricRow) -> Int {
    guard let limit = settings.horizonError else { return scheduled }
    guard fits > 0 else { return min(scheduled, settings.rolloutSchedule[2]) }
    let measured = PredictionHorizon.measure(
      world, on: core.replay, newest: settings.fitInterval, steps: scheduled, scale: stateScale)
    if let first = measured.errors.first, let last = measured.errors.last {
      metrics.record("one_step_error", first)
      metrics.record("longest_error", last)
    }
    return min(scheduled, measured.steps(within: limit))
  }

  /// Standard deviations of the newest real states, 1 where they do not vary.
  private var stateScale: [Float] {
    let rows = min(core.replay.count, 10_000)
    var batch = TransitionBatch(
      count: rows, observationSize: world.stateSize, actionSize: world.actionSize, keepsTimes: world.isTimed)
    (core.replay.count - rows..<core.replay.count).map(Int32.init)
      .withUnsafeBufferPointer { core.replay.gather($0, into: &batch) }
    var moments = RunningMoments(size: world.stateSize)
    moments.add(batch.observations)
    return moments.standardDeviation.map { $0 > 1e-6 ? Float($0) : 1 }
  }

  private mutating func imagine(_ length: Int, capacityFor scheduled: Int, metrics: inout MetricRow) {
    let start = ContinuousClock.now
    defer { phases.planning += seconds(from: start) }
    let capacity = settings.retainedFits * settings.rollouts * scheduled
    if capacity != imagined.capacity { imagined = imagined.resized(to: capacity) }
    var random = imagination.child(fits)
    core.replay.sample(into: &points, using: &random)
    // Made for this call: while it lives it shares the world's parameters, which the next fit would have to copy.
    let rollouts = BranchedRollouts<World, Learner.Acting>(
      in: world, space: core.space,
      disagreement: settings.disagreement.map { DisagreementLimit(spread: $0, scale: stateScale) })
    let summary = rollouts.run(
      from: points, steps: length, actions: .policy, policy: core.learner.policy, using: random.child("rollouts"),
      into: &imagined)
    metrics.record("rollout_length", Float(length))
    metrics.record("imagined_transitions", Float(summary.transitions))
    metrics.record("imagined_terminations", Float(summary.terminations))
    metrics.record("nonfinite_rollouts", Float(summary.nonFinite))
    if settings.disagreement != nil { metrics.record("disputed_rollouts", Float(summary.disputed)) }
  }
}

extension ModelBasedPolicyOptimization: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    var capacity = imagined.capacity
    try fields.inline(&core)
    try fields.field("model", &world)
    try fields.field("imagined_capacity", &capacity)
    if capacity != imagined.capacity {
      guard (1...Int(Int32.max)).contains(capacity) else {
        throw .mismatch(name: "imagined capacity", expected: "at least 1", found: "\(capacity)")
      }
      imagined = ReplayBuffer(capacity: capacity, observationSize: world.stateSize, actionSize: world.actionSize)
    }
    try fields.field("imagined", &imagined)
    try fields.field("fits", &fits)
    try fields.field("training", &training)
    try fields.field("fitting", &fitting)
    try fields.field("imagination", &imagination)
  }
}

extension ModelBasedPolicyOptimization: ModelLearning {
  public var learnedModel: (any PredictiveModel)? { world.isFitted ? world.predictiveModel : nil }
}
