import Archive
import Configuration
import Experience
import Imagining
import Interfaces
import Kernels

/// Trains an off-policy learner on real transitions with targets that look some steps ahead in a learned model: model-based
/// value expansion (Feinberg et al. 2018, algorithm 1).
///
/// After the random steps, and every `fitInterval` steps from then on, the model is fitted to all transitions. In each update
/// the critics are fitted to the expanded targets of a replayed batch (`ValueExpansion`), then the policy improves at the
/// batch's real states. With `weighted` targets are those of `WeightedExpansion` (Buckman et al. 2018).
public struct ModelBasedValueExpansion<World: LearnedWorld, Learner: ValueLearner>: ReplayedAgent {
  private let settings: ModelBasedValueExpansionSettings
  var core: ReplayedLearner<Learner>
  /// The learner as it is now.
  package var learner: Learner { core.learner }
  /// Real transitions.
  package var replay: ReplayBuffer { core.replay }
  package private(set) var world: World
  private var expansion: Expansion?
  /// Times of a batch's next observations, where the world depends on them.
  private var nextTimes: [Int]
  private var batch: TransitionBatch
  private var expanded: ValueBatch
  private var unexpanded: ValueBatch?
  /// Updates of the learner so far.
  package private(set) var updates = 0
  private var training: RandomStream
  private var fitting: RandomStream
  private var imagination: RandomStream
  public private(set) var phases = PhaseSeconds()

  private enum Expansion {
    case full(ValueExpansion<World, Learner.Bootstrap>)
    case weighted(WeightedExpansion<World, Learner.Bootstrap>)
  }

  public var metricNames: [String] {
    Learner.metricNames + World.metricNames + ["nonfinite_rollouts"] + (settings.weighted ? ["mean_horizon"] : [])
  }

  /// An agent that trains `learner` with targets from `world` in an environment of `spec`.
  public init(
    _ settings: ModelBasedValueExpansionSettings, learner: Learner, world: World, spec: EnvironmentSpec,
    using random: RandomStream
  ) {
    self.settings = settings
    self.world = world
    let (rows, size, actionSize) = (settings.batchSize, spec.observationSize, spec.action.size)
    core = ReplayedLearner(
      learner, spec: spec, randomSteps: settings.randomSteps, replayCapacity: settings.replayCapacity,
      keepsTimes: world.isTimed)
    batch = TransitionBatch(
      count: rows, observationSize: size, actionSize: actionSize, keepsTimes: world.isTimed)
    nextTimes = batch.times
    expanded = ValueBatch(
      count: settings.weighted ? rows : (settings.horizon + 1) * rows, observationSize: size, actionSize: actionSize)
    unexpanded =
      settings.tdK || settings.weighted ? nil : ValueBatch(count: rows, observationSize: size, actionSize: actionSize)
    training = random.child("training")
    fitting = random.child("fitting")
    imagination = random.child("imagination")
  }

  public mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    let new = core.takeNewSteps()
    guard new.after >= settings.randomSteps else { return }
    let learned = new.beyond(settings.randomSteps).count
    if let expansion, learned > 0 { try update(expansion, learned * settings.updates, metrics: &metrics) }
    if expansion == nil || new.crosses(settings.fitInterval, from: settings.randomSteps) { try fit(metrics: &metrics) }
  }

  private mutating func update(
    _ expansion: Expansion, _ count: Int, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    let start = ContinuousClock.now
    defer { phases.learning += seconds(from: start) }
    var lost = 0
    for _ in 0..<count {
      core.replay.sample(into: &batch, using: &training)
      for row in nextTimes.indices { nextTimes[row] = batch.times[row] + 1 }
      lost += expand(expansion, metrics: &metrics)
      updates += 1
      try fitValues(metrics: &metrics)
      try core.learner.improvePolicy(at: batch.observations, using: &training, metrics: &metrics)
    }
    metrics.record("nonfinite_rollouts", Float(lost))
  }

  /// Leaves the targets of the batch in `expanded`, and returns how many of its rows were lost.
  private mutating func expand(_ expansion: Expansion, metrics: inout MetricRow) -> Int {
    let (bootstrap, discount, random) = (core.learner.bootstrap, core.learner.discount, imagination.child(updates))
    return nextTimes.withUnsafeBufferPointer { times in
      let times = times.isEmpty ? nil : times.baseAddress
      switch expansion {
      case .full(let expansion):
        return expansion.expand(
          batch, times: times, bootstrap: bootstrap, discount: discount, using: random, into: &expanded)
      case .weighted(let expansion):
        let lost = expansion.expand(
          batch, times: times, bootstrap: bootstrap, discount: discount, using: random, into: &expanded)
        let horizon = expansion.horizonWeights.enumerated().reduce(Float(0)) { $0 + Float($1.offset) * $1.element }
        metrics.record("mean_horizon", horizon)
        return lost
      }
    }
  }

  private mutating func fitValues(metrics: inout MetricRow) throws(NumericalFailure) {
    guard var own = unexpanded.take() else { return try core.learner.fitValues(to: expanded, metrics: &metrics) }
    defer { unexpanded = own }
    let rows = batch.count
    own.observations.mutablePointer.update(from: expanded.observations.pointer, count: own.observations.count)
    own.actions.mutablePointer.update(from: expanded.actions.pointer, count: own.actions.count)
    own.targets.mutablePointer.update(from: expanded.targets.pointer, count: rows)
    own.weights.mutablePointer.update(from: expanded.weights.pointer, count: rows)
    try core.learner.fitValues(to: own, metrics: &metrics)
  }

  private mutating func fit(metrics: inout MetricRow) throws(NumericalFailure) {
    let clock = FittingClock()
    defer { phases.fitting += clock.stop() }
    // Dropped first: while it shares the parameters, the fit would have to copy them.
    expansion = nil
    try world.fit(to: core.replay, using: &fitting, metrics: &metrics)
    makeExpansion()
  }

  private mutating func makeExpansion() {
    expansion =
      settings.weighted
      ? .weighted(WeightedExpansion(horizon: settings.horizon, in: world))
      : .full(ValueExpansion(horizon: settings.horizon, in: world))
  }
}

extension ModelBasedValueExpansion: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    if fields.isRestoring { expansion = nil }
    try fields.inline(&core)
    try fields.field("model", &world)
    try fields.field("updates", &updates)
    try fields.field("training", &training)
    try fields.field("fitting", &fitting)
    try fields.field("imagination", &imagination)
    if fields.isRestoring && world.isFitted && core.steps >= settings.randomSteps { makeExpansion() }
  }
}

extension ModelBasedValueExpansion: ModelLearning {
  public var learnedModel: (any PredictiveModel)? { world.isFitted ? world.predictiveModel : nil }
}
