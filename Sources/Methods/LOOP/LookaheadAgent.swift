import Archive
import Configuration
import Experience
import Imagining
import Interfaces
import Kernels

/// Plans some steps ahead in a learned world, with the values of an off-policy learner for what comes after: LOOP (Sikchi et al.,
/// "Learning off-policy with online planning" 2021).
///
/// After random steps every action is the first of a plan that maximizes Σ_{t < H} γ^t r_t + γ^H V'(s_H), where V' is what the
/// learner's targets bootstrap from. The learner trains on real transitions alone; its policy proposes where searches start.
public struct LookaheadAgent<World: LearnedWorld, Search: Planner, Learner: ValueLearner>: ReplayedAgent {
  private let settings: LookaheadSettings
  private let space: ActionSpace
  var core: ReplayedLearner<Learner>
  package private(set) var world: World
  private var evaluator: RolloutEvaluator<World>?
  /// Of each copy.
  private var (collecting, evaluating): ([Episode], [Episode])
  private var batch: TransitionBatch
  private let proposal: [Float]
  private var (seen, chosen): ([Float], [Float])
  private var fits = 0
  private var training: RandomStream
  private var fitting: RandomStream
  public private(set) var phases = PhaseSeconds()

  /// A planner's warm start and an episode's randomness.
  private struct Episode: Archived {
    var planner: Search
    var random = RandomStream(seed: 0)
    var decisions = 0

    mutating func start(using random: RandomStream) {
      planner.reset()
      (self.random, decisions) = (random, 0)
    }

    mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
      try fields.field("planner", &planner)
      try fields.field("random", &random)
      try fields.field("decisions", &decisions)
    }
  }

  public var metricNames: [String] { Learner.metricNames + World.metricNames + ["nonfinite_returns"] }

  /// An agent that plans with `planner` in `world`, and with the values of `learner`, for an environment of `spec`.
  public init(
    _ settings: LookaheadSettings, learner: Learner, world: World, planner: Search, spec: EnvironmentSpec,
    using random: RandomStream
  ) {
    self.settings = settings
    self.world = world
    space = spec.action
    core = ReplayedLearner(
      learner, spec: spec, randomSteps: settings.randomSteps, replayCapacity: settings.replayCapacity,
      keepsTimes: world.isTimed)
    (collecting, evaluating) = ([Episode(planner: planner)], [Episode(planner: planner)])
    batch = TransitionBatch(
      count: settings.batchSize, observationSize: spec.observationSize, actionSize: spec.action.size)
    proposal = Array(repeating: 0, count: planner.horizon * spec.action.size)
    seen = Array(repeating: 0, count: spec.observationSize)
    chosen = Array(repeating: 0, count: spec.action.size)
    training = random.child("training")
    fitting = random.child("fitting")
  }

  public mutating func prepare(copies: Int, for purpose: ActPurpose) {
    core.prepare(copies: copies, for: purpose)
    switch purpose {
    case .collect: collecting = Array(repeating: collecting[0], count: copies)
    case .evaluate: evaluating = Array(repeating: evaluating[0], count: copies)
    }
  }

  public mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    core.startEpisode(of: copy, for: purpose, using: random)
    switch purpose {
    case .collect: collecting[copy].start(using: random.child("planning"))
    case .evaluate: evaluating[copy].start(using: random)
    }
  }

  public mutating func act(on steps: inout CopySteps, for purpose: ActPurpose) throws(NumericalFailure) {
    guard evaluator != nil else { return core.act(on: &steps, for: purpose) }
    let start = ContinuousClock.now
    // The learner as it is now: shared until the end of the call.
    evaluator?.tail = BootstrapTail(core.learner.bootstrap)
    defer { evaluator?.tail = nil }
    let counted = evaluator?.nonFiniteReturns ?? 0
    for copy in 0..<steps.count where steps.isActive[copy] {
      for i in seen.indices { seen[i] = steps.observations[copy, i] }
      decide(at: steps.times[copy], of: copy, for: purpose)
      if purpose == .collect { disturb(copy) }
      steps.actions.setRow(copy, chosen)
    }
    // returns that are not finite are a metric of training, which measuring must not change
    if purpose == .evaluate { evaluator?.nonFiniteReturns = counted }
    if purpose == .collect { phases.planning += seconds(from: start) }
  }

  /// Leaves in `chosen` the first action of a plan for what is `seen`.
  private mutating func decide(at time: Int, of copy: Int, for purpose: ActPurpose) {
    guard var evaluator = evaluator.take() else { return }
    var episode = purpose == .collect ? collecting[copy] : evaluating[copy]
    defer {
      self.evaluator = evaluator
      if purpose == .collect { collecting[copy] = episode } else { evaluating[copy] = episode }
    }
    var random = episode.random.child(episode.decisions)
    episode.decisions += 1
    evaluator.begin(at: seen, time: time, using: random.child("imagination"))
    if settings.policyProposes {
      var plan = proposal
      evaluator.rollOutPolicy(&plan) { state, action in
        var unused = RandomStream(seed: 0)
        core.learner.act(on: state, of: 0..<1, explore: false, using: &unused, actions: action)
      }
      episode.planner.suggest(plan)
    }
    episode.planner.plan(with: &evaluator, using: &random, action: &chosen)
  }

  /// Adds the noise of exploration.
  private mutating func disturb(_ copy: Int) {
    guard settings.noise > 0 else { return }
    var random = collecting[copy].random.child("noise").child(collecting[copy].decisions)
    let (low, high) = space.bounds
    for i in chosen.indices {
      let shifted = chosen[i] + settings.noise * 0.5 * (high[i] - low[i]) * random.normal()
      chosen[i] = min(max(shifted, low[i]), high[i])
    }
  }

  public mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    let new = core.takeNewSteps()
    guard new.after >= settings.randomSteps, core.replay.count > 0 else { return }
    let start = ContinuousClock.now
    for _ in 0..<new.beyond(settings.randomSteps).count * settings.updates {
      core.replay.sample(into: &batch, using: &training)
      try core.learner.update(on: batch, using: &training, metrics: &metrics)
    }
    phases.learning += seconds(from: start)
    guard evaluator == nil || new.crosses(settings.fitInterval, from: settings.randomSteps) else { return }
    metrics.record("nonfinite_returns", Float(evaluator?.nonFiniteReturns ?? 0))
    // Dropped first: while it shares the parameters, the fit would have to copy them.
    evaluator = nil
    let fit = ContinuousClock.now
    try world.fit(to: core.replay, using: &fitting, metrics: &metrics)
    phases.fitting += seconds(from: fit)
    fits += 1
    makeEvaluator()
  }

  private mutating func makeEvaluator() {
    evaluator = RolloutEvaluator(world, horizon: collecting[0].planner.horizon, particles: settings.particles)
    evaluator?.discount = core.learner.discount
  }
}

extension LookaheadAgent: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    var nonFiniteReturns = evaluator?.nonFiniteReturns ?? 0
    if fields.isRestoring { evaluator = nil }
    try fields.inline(&core)
    try fields.field("model", &world)
    try fields.field("collecting", copies: &collecting)
    try fields.field("evaluating", &evaluating[0])
    try fields.field("fits", &fits)
    try fields.field("nonfinite_returns", &nonFiniteReturns)
    try fields.field("training", &training)
    try fields.field("fitting", &fitting)
    guard fields.isRestoring, fits > 0 else { return }
    makeEvaluator()
    evaluator?.nonFiniteReturns = nonFiniteReturns
  }
}

extension LookaheadAgent: ModelLearning {
  public var learnedModel: (any PredictiveModel)? { world.isFitted ? world.predictiveModel : nil }
}
