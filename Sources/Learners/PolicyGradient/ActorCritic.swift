import Archive
import Configuration
import Experience
import Interfaces
import Kernels
import Networks

/// Settings of actor-critic with a critic of its own rate.
public struct ActorCriticSettings: Configuration {
  /// What the critic is fitted to.
  public enum Target: String, CaseIterable, SettingValue {
    /// r + discount * V(s'), by the values as they are at each pass.
    case bootstrapped
    /// Rewards to the end of the episode, or of the segment, where they bootstrap.
    case monteCarlo = "monte_carlo"
    /// As many rewards as are set, then a value.
    case multiStep = "multi_step"
    /// The lambda-return.
    case lambda
  }

  public init() {}
  @SettingGroup("Policy and value function") public var policy = PolicySettings()
  @Setting("Discount of a step", in: 0...1) public var discount: Float = 0.99
  @Setting("What the critic is fitted to") public var target: Target = .bootstrapped
  @Setting("Rewards of a target with target=multi_step", in: 1...100_000) public var targetSteps: Int = 5
  @Setting("Lambda of targets with target=lambda", in: 0...1) public var targetLambda: Float = 0.95
  @Setting("Steps of the critic on a segment, each on all of it", in: 1...10_000) public var criticUpdates: Int = 1
  @Setting("Learning rate of the critic", in: 0...1) public var criticLearningRate: Float = 1e-3
  @Setting("Lambda of generalized advantage estimates; 0 for r + discount * V(s') - V(s)", in: 0...1)
  public var lambda: Float = 0
  @Setting("Learning rate of the policy", in: 0...1) public var learningRate: Float = 3e-4
  @Setting("Give a segment's advantages mean 0 and deviation 1") public var normalizeAdvantages: Bool = false
  @Setting("Weight of the entropy in the loss", in: 0...100) public var entropyWeight: Float = 0
  @Setting("Largest norm of a gradient; auto for no limit", in: 1e-6...1e9) public var maxGradientNorm: Float? = nil
}

/// Actor-critic (Sutton and Barto 2018, section 13.5, without their discount by the step's number): fit the critic,
/// evaluate advantages with it, one step of the policy.
///
/// With segments of one step it is the online algorithm, with longer ones the batch algorithm. The gradient of a single
/// step is as long as its temporal-difference error: a limit on its norm, which most steps would reach, leaves little of
/// that but its sign.
public struct ActorCritic: OnPolicyLearner {
  public static let metricNames = ["policy_loss", "value_loss", "entropy", "explained_variance", "gradient_norm"]

  public let settings: ActorCriticSettings
  private var core: OnPolicyCore
  private var policyOptimizer: Adam
  private var criticOptimizer: Adam

  /// A fresh learner for an environment of `spec`.
  public init(_ settings: ActorCriticSettings, spec: EnvironmentSpec, using random: RandomStream) {
    self.settings = settings
    core = OnPolicyCore(settings.policy, spec: spec, using: random)
    policyOptimizer = Adam(count: core.parameters.count, epsilon: 1e-5)
    criticOptimizer = Adam(count: core.parameters.count, epsilon: 1e-5)
  }

  public var policy: StochasticPolicy { core.policy }
  public var parameters: Vector {
    get { core.parameters }
    set { core.parameters.copy(from: newValue) }
  }

  public var gradientEstimate: GradientEstimate {
    GradientEstimate(
      discount: settings.discount, lambda: settings.lambda, normalizesAdvantages: settings.normalizeAdvantages)
  }

  public mutating func policyGradients(
    on segment: RolloutSegment, _ estimate: GradientEstimate, using random: inout RandomStream
  ) -> [[Float]] {
    core.policyGradients(on: segment, estimate, using: &random)
  }

  public mutating func update(
    on segment: RolloutSegment, steps: Int, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    let evaluation = core.evaluate(segment)
    // 1. fit V to targets
    for pass in 0..<settings.criticUpdates {
      if pass > 0 && settings.target == .bootstrapped { evaluation.evaluate(segment, core.parameters.pointer) }
      if pass == 0 || settings.target == .bootstrapped { writeTargets(segment, evaluation) }
      let loss = MinibatchLoss(part: .value, objective: nil)
      let means = core.differentiate(loss, segment, 0..<segment.rows, normalizing: false)
      guard means.valueLoss.isFinite else { throw NumericalFailure(metric: "value_loss", value: means.valueLoss) }
      if pass == 0 { metrics.record("explained_variance", evaluation.explainedVariance) }
      core.step(&criticOptimizer, learningRate: settings.criticLearningRate, maxNorm: settings.maxGradientNorm)
      metrics.record("value_loss", means.valueLoss)
    }
    // 2. A = r + discount V(s') - V(s), or its generalization
    evaluation.evaluate(segment, core.parameters.pointer)
    ReturnEstimation.generalizedAdvantages(
      evaluation.outlook(of: segment), discount: settings.discount, lambda: settings.lambda,
      into: evaluation.advantages.mutablePointer)
    // 3. ascend mean of A log p(a)
    let loss = MinibatchLoss(part: .policy, objective: ScoreFunction(), entropyWeight: settings.entropyWeight)
    let means = core.differentiate(loss, segment, 0..<segment.rows, normalizing: settings.normalizeAdvantages)
    guard means.policyLoss.isFinite else { throw NumericalFailure(metric: "policy_loss", value: means.policyLoss) }
    let norm = core.gradientNorm
    core.step(&policyOptimizer, learningRate: settings.learningRate, maxNorm: settings.maxGradientNorm)
    metrics.record("policy_loss", means.policyLoss)
    metrics.record("entropy", means.entropy)
    metrics.record("gradient_norm", norm)
  }

  private func writeTargets(_ segment: RolloutSegment, _ evaluation: RolloutEvaluation) {
    let (outlook, targets) = (evaluation.outlook(of: segment), evaluation.targets.mutablePointer)
    switch settings.target {
    case .bootstrapped: ReturnEstimation.returns(outlook, discount: settings.discount, steps: 1, into: targets)
    case .multiStep:
      ReturnEstimation.returns(outlook, discount: settings.discount, steps: settings.targetSteps, into: targets)
    case .monteCarlo: ReturnEstimation.returns(outlook, discount: settings.discount, into: targets)
    case .lambda:
      evaluation.estimateAdvantages(segment, discount: settings.discount, lambda: settings.targetLambda)
    }
  }
}

extension ActorCritic: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.inline(&core)
    try fields.field("policy_optimizer", &policyOptimizer)
    try fields.field("critic_optimizer", &criticOptimizer)
  }
}
