import Archive
import Configuration
import Experience
import Imagining
import Interfaces
import Kernels

/// Trains an off-policy learner on real and imagined batches in turn: Dyna (Sutton 1990) with function approximation, the
/// general Dyna-style recipe.
///
/// After the random steps, and every `fitInterval` steps from then on, the model is fitted to all real transitions. A
/// training takes `realUpdates` steps on real batches, then imagines anew, with the policy as it now is, as many
/// transitions as K batches hold, and takes K steps on batches of those.
public struct DynaAgent<World: LearnedWorld, Learner: OffPolicyLearner>: ReplayedAgent {
  /// First steps of episodes that are remembered.
  private static var initialCapacity: Int { 10_000 }

  private let settings: DynaSettings
  var core: ReplayedLearner<Learner>
  /// The learner as it is now.
  package var learner: Learner { core.learner }
  /// Real transitions.
  package var replay: ReplayBuffer { core.replay }
  private var initial: ReplayBuffer
  /// Whether the next step of each copy is the first of its episode.
  private var isFirstStep = [false]
  package private(set) var world: World
  private var rollouts: BranchedRollouts<World, Learner.Acting>?
  package private(set) var imagined: ReplayBuffer
  private var batch: TransitionBatch
  private var points: RolloutStates
  private var trainings = 0
  private var training: RandomStream
  private var fitting: RandomStream
  private var imagination: RandomStream
  public private(set) var phases = PhaseSeconds()

  public var metricNames: [String] {
    Learner.metricNames + World.metricNames + ["imagined_terminations", "nonfinite_rollouts"]
  }

  /// An agent that trains `learner` in `world` for an environment of `spec`.
  public init(
    _ settings: DynaSettings, learner: Learner, world: World, spec: EnvironmentSpec, using random: RandomStream
  ) {
    self.settings = settings
    self.world = world
    let (size, actionSize) = (spec.observationSize, spec.action.size)
    core = ReplayedLearner(
      learner, spec: spec, randomSteps: settings.randomSteps, replayCapacity: settings.replayCapacity,
      keepsTimes: world.isTimed)
    initial = ReplayBuffer(capacity: Self.initialCapacity, observationSize: size, actionSize: actionSize)
    let rows = settings.imaginedUpdates * settings.batchSize
    points = RolloutStates(
      count: (rows + settings.rolloutSteps - 1) / settings.rolloutSteps, observationSize: size, actionSize: actionSize,
      keepsTimes: world.isTimed)
    imagined = ReplayBuffer(
      capacity: points.count * settings.rolloutSteps, observationSize: size, actionSize: actionSize)
    batch = TransitionBatch(count: settings.batchSize, observationSize: size, actionSize: actionSize)
    training = random.child("training")
    fitting = random.child("fitting")
    imagination = random.child("imagination")
  }

  public mutating func prepare(copies: Int, for purpose: ActPurpose) {
    core.prepare(copies: copies, for: purpose)
    if purpose == .collect { isFirstStep = Array(repeating: false, count: copies) }
  }

  public mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    core.startEpisode(of: copy, for: purpose, using: random)
    if purpose == .collect { isFirstStep[copy] = true }
  }

  public mutating func observe(_ steps: CopySteps) {
    core.observe(steps)
    for copy in 0..<steps.count {
      if isFirstStep[copy] { initial.append(copy, of: steps) }
      isFirstStep[copy] = false
    }
  }

  public mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    let new = core.takeNewSteps()
    guard new.after >= settings.randomSteps else { return }
    if let rollouts {
      for _ in 0..<new.beyond(settings.randomSteps).multiples(of: settings.trainInterval) {
        try learn(from: core.replay, updates: settings.realUpdates, metrics: &metrics)
        imagine(with: rollouts, metrics: &metrics)
        if imagined.count > 0 {
          try learn(from: imagined, updates: settings.imaginedUpdates, metrics: &metrics)
        }
      }
    }
    if rollouts == nil || new.crosses(settings.fitInterval, from: settings.randomSteps) { try fit(metrics: &metrics) }
  }

  private mutating func learn(
    from source: ReplayBuffer, updates: Int, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    let start = ContinuousClock.now
    defer { phases.learning += seconds(from: start) }
    for _ in 0..<updates {
      source.sample(into: &batch, using: &training)
      try core.learner.update(on: batch, using: &training, metrics: &metrics)
    }
  }

  private mutating func imagine(
    with rollouts: BranchedRollouts<World, Learner.Acting>, metrics: inout MetricRow
  ) {
    let start = ContinuousClock.now
    defer { phases.planning += seconds(from: start) }
    let random = imagination.child(trainings)
    trainings += 1
    var choice = random.child("starts")
    switch settings.starts {
    case .replay: core.replay.sample(into: &points, using: &choice)
    case .recent: core.replay.sample(into: &points, newest: settings.recentSteps, using: &choice)
    case .initial: initial.sample(into: &points, using: &choice)
    }
    imagined.removeAll()
    let summary = rollouts.run(
      from: points, steps: settings.rolloutSteps, actions: settings.actions, policy: core.learner.policy,
      using: random.child("rollouts"), into: &imagined)
    metrics.record("imagined_terminations", Float(summary.terminations))
    metrics.record("nonfinite_rollouts", Float(summary.nonFinite))
  }

  private mutating func fit(metrics: inout MetricRow) throws(NumericalFailure) {
    let clock = FittingClock()
    defer { phases.fitting += clock.stop() }
    // Dropped first: while they share the parameters, the fit would have to copy them.
    rollouts = nil
    try world.fit(to: core.replay, using: &fitting, metrics: &metrics)
    makeRollouts()
  }

  private mutating func makeRollouts() {
    rollouts = BranchedRollouts(in: world, space: core.space)
  }
}

extension DynaAgent: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    var flags = isFirstStep.map { $0 ? 1 : 0 }
    if fields.isRestoring { rollouts = nil }
    try fields.inline(&core)
    try fields.field("initial", &initial)
    try fields.field("is_first_step", &isFirstStep[0])
    if isFirstStep.count > 1 {
      try fields.field("are_first_steps", &flags)
      isFirstStep = flags.map { $0 != 0 }
    }
    try fields.field("model", &world)
    try fields.field("trainings", &trainings)
    try fields.field("training", &training)
    try fields.field("fitting", &fitting)
    try fields.field("imagination", &imagination)
    if fields.isRestoring && world.isFitted && core.steps >= settings.randomSteps { makeRollouts() }
  }
}

extension DynaAgent: ModelLearning {
  public var learnedModel: (any PredictiveModel)? { world.isFitted ? world.predictiveModel : nil }
}
