import Archive
import Experience
import Imagining
import Interfaces
import Kernels

/// Trains an off-policy learner on a dataset and on what a model fitted to it imagines, with rewards lowered where the model is
/// uncertain: MOPO (Yu et al. 2020, algorithm 2).
///
/// The model is fitted once. Then, every `rolloutInterval` gradient steps, trajectories with the learner's policy branch off from
/// the dataset's states; the reward of each imagined step is r - lambda u(s, a), u the largest, over the members, Euclidean norm
/// of the standard deviations that a member predicts of the next state (their equation 6; theirs count the reward's too).
public struct OfflineModelBasedOptimization<World: LearnedWorld, Learner: OffPolicyLearner>: ReplayedAgent {
  private let settings: OfflineModelBasedSettings
  private let realRows: Int
  var core: ReplayedLearner<Learner>
  package private(set) var world: World
  package private(set) var imagined: ReplayBuffer
  private var batch: TransitionBatch
  private var points: RolloutStates
  private var isFitted = false
  private var rounds = 0
  private var training: RandomStream
  private var fitting: RandomStream
  private let imagination: RandomStream
  public private(set) var phases = PhaseSeconds()

  public var metricNames: [String] {
    Learner.metricNames + World.metricNames + [
      "imagined_transitions", "imagined_reward", "penalty", "nonfinite_rollouts",
    ]
  }

  /// An agent that trains `learner` on `dataset` and in `world`, whose model can be examined.
  init(
    _ settings: OfflineModelBasedSettings, learner: Learner, world: World, dataset: TransitionDataset,
    spec: EnvironmentSpec, using random: RandomStream
  ) {
    precondition(world.predictiveModel != nil, "a world without a model that can be examined")
    self.settings = settings
    self.world = world
    let (size, actionSize) = (spec.observationSize, spec.action.size)
    core = ReplayedLearner(
      learner, spec: spec, randomSteps: 0, replayCapacity: dataset.count, keepsTimes: world.isTimed, dataset: dataset)
    imagined = ReplayBuffer(
      capacity: settings.retainedRounds * settings.rollouts * settings.rolloutLength, observationSize: size,
      actionSize: actionSize)
    batch = TransitionBatch(count: settings.batchSize, observationSize: size, actionSize: actionSize)
    realRows = Int(Float(settings.batchSize) * settings.realRatio)
    points = RolloutStates(
      count: settings.rollouts, observationSize: size, actionSize: actionSize, keepsTimes: world.isTimed)
    training = random.child("training")
    fitting = random.child("fitting")
    imagination = random.child("imagination")
  }

  public func memoryNeeds(after steps: Int) -> [MemoryNeed] {
    core.memoryNeeds(after: steps) + [imagined.memoryNeed(after: imagined.capacity, setting: "agent.rollouts")]
  }

  public mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    let usesModel = settings.realRatio < 1
    if usesModel, !isFitted { try fit(metrics: &metrics) }
    if usesModel, core.steps % settings.rolloutInterval == 0 { imagine(metrics: &metrics) }
    core.countGradientStep()
    let start = ContinuousClock.now
    defer { phases.learning += seconds(from: start) }
    let real = imagined.count > 0 ? realRows : batch.count
    core.replay.sample(0..<real, of: &batch, using: &training)
    imagined.sample(real..<batch.count, of: &batch, using: &training)
    try core.learner.update(on: batch, using: &training, metrics: &metrics)
  }

  private mutating func fit(metrics: inout MetricRow) throws(NumericalFailure) {
    let start = ContinuousClock.now
    defer { phases.fitting += seconds(from: start) }
    try world.fit(to: core.replay, using: &fitting, metrics: &metrics)
    isFitted = true
  }

  private mutating func imagine(metrics: inout MetricRow) {
    let start = ContinuousClock.now
    defer { phases.planning += seconds(from: start) }
    var random = imagination.child(rounds)
    rounds += 1
    core.replay.sample(into: &points, using: &random)
    let rollouts = BranchedRollouts<World, Learner.Acting>(in: world, space: core.space)
    let summary = rollouts.run(
      from: points, steps: settings.rolloutLength, actions: .policy, policy: core.learner.policy,
      using: random.child("rollouts"), into: &imagined)
    let (reward, penalty) = penalize(newest: min(summary.transitions, imagined.count))
    metrics.record("imagined_transitions", Float(summary.transitions))
    metrics.record("imagined_reward", reward)
    metrics.record("penalty", penalty)
    metrics.record("nonfinite_rollouts", Float(summary.nonFinite))
  }

  /// Lowers the rewards of the newest imagined transitions; the averages of these rewards and of what was subtracted.
  private mutating func penalize(newest count: Int) -> (reward: Float, penalty: Float) {
    guard let model = world.predictiveModel, count > 0 else { return (0, 0) }
    let (size, first) = (4096, imagined.count - count)
    var (reward, penalty) = (0.0, 0.0)
    for start in stride(from: first, to: imagined.count, by: size) {
      let rows = min(size, imagined.count - start)
      var steps = TransitionBatch(
        count: rows, observationSize: imagined.observationSize, actionSize: imagined.actionSize)
      (Int32(start)..<Int32(start + rows)).map { $0 }.withUnsafeBufferPointer { imagined.gather($0, into: &steps) }
      let uncertainty = Self.uncertainty(of: steps, in: model)
      let amounts = uncertainty.map { -settings.penalty * $0 }
      imagined.addToRewards(amounts, from: start)
      for row in 0..<rows {
        reward += Double(steps.rewards[row])
        penalty -= Double(amounts[row])
      }
    }
    return (Float(reward / Double(count)), Float(penalty / Double(count)))
  }

  /// u(s, a) of each of `steps`.
  package static func uncertainty(of steps: TransitionBatch, in model: any PredictiveModel) -> [Float] {
    var largest = [Float](repeating: 0, count: steps.count)
    for member in 0..<model.memberCount {
      let deviations = model.predict(member: member, states: steps.observations, actions: steps.actions).deviations
      for row in 0..<steps.count {
        let squares = deviations.row(row).reduce(0) { $0 + $1 * $1 }
        largest[row] = max(largest[row], squares.squareRoot())
      }
    }
    return largest
  }
}

extension OfflineModelBasedOptimization: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.inline(&core)
    try fields.field("model", &world)
    try fields.field("imagined", &imagined)
    try fields.field("is_fitted", &isFitted)
    try fields.field("rounds", &rounds, in: 0...1 << 40)
    try fields.field("training", &training)
    try fields.field("fitting", &fitting)
  }
}

extension OfflineModelBasedOptimization: ModelLearning {
  public var learnedModel: (any PredictiveModel)? { world.isFitted ? world.predictiveModel : nil }
}
