import Archive
import Configuration
import Experience
import Interfaces
import Kernels
import Networks

/// Settings of A2C; defaults are those of Stable-Baselines3.
public struct AdvantageActorCriticSettings: Configuration {
  /// What steps follow the gradient.
  public enum Optimizer: String, CaseIterable, SettingValue {
    /// RMSprop as PyTorch has it.
    case rmsprop
    /// RMSprop as TensorFlow has it, with which A3C was tuned.
    case tensorFlowRMSprop = "tensorflow_rmsprop"
    /// Adam with epsilon 1e-5.
    case adam
  }

  public init() {}
  @SettingGroup("Policy and value function") public var policy = PolicySettings()
  @Setting("One network for policy and values, with two heads") public var sharedNetwork: Bool = false
  @Setting("Discount of a step", in: 0...1) public var discount: Float = 0.99
  @Setting("Lambda of generalized advantage estimates; 1 for returns less values", in: 0...1)
  public var lambda: Float = 1
  @Setting("What steps follow the gradient") public var optimizer: Optimizer = .rmsprop
  @Setting("Decay of RMSprop's mean of squares", in: 0...1) public var decay: Float = 0.99
  @Setting("RMSprop's or Adam's epsilon", in: 0...1) public var epsilon: Float = 1e-5
  @Setting("Learning rate", in: 0...1) public var learningRate: Float = 7e-4
  @Setting("Environment steps over which the learning rate falls linearly to 0; auto keeps it", in: 1...)
  public var learningRateSteps: Int? = nil
  @Setting("Give a segment's advantages mean 0 and deviation 1") public var normalizeAdvantages: Bool = false
  @Setting("Weight of the entropy in the loss", in: 0...100) public var entropyWeight: Float = 0
  @Setting("Weight of the squared error of values in the loss", in: 0...1000) public var valueWeight: Float = 0.5
  @Setting("Largest norm of a gradient; auto for no limit", in: 1e-6...1e9) public var maxGradientNorm: Float? = 0.5
}

/// Advantage actor-critic on copies in step (A2C, the synchronous A3C of Mnih et al. 2016), as in Stable-Baselines3:
/// one step a segment, on all of it.
///
///     loss = mean of -A log p(a) - entropyWeight * entropy + valueWeight * (V - G)^2,  G = A + V
public struct AdvantageActorCritic: OnPolicyLearner {
  public static let metricNames = [
    "policy_loss", "value_loss", "entropy", "approx_kl", "explained_variance", "gradient_norm", "learning_rate",
  ]

  public let settings: AdvantageActorCriticSettings
  private var core: OnPolicyCore
  private var rmsprop: RMSprop
  private var adam: Adam

  /// A fresh learner for an environment of `spec`.
  public init(_ settings: AdvantageActorCriticSettings, spec: EnvironmentSpec, using random: RandomStream) {
    self.settings = settings
    core = OnPolicyCore(settings.policy, spec: spec, isShared: settings.sharedNetwork, using: random)
    let count = core.parameters.count
    rmsprop = RMSprop(
      count: settings.optimizer == .adam ? 0 : count, decay: settings.decay, epsilon: settings.epsilon,
      isTensorFlow: settings.optimizer == .tensorFlowRMSprop)
    adam = Adam(count: settings.optimizer == .adam ? count : 0, epsilon: settings.epsilon)
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
    evaluation.estimateAdvantages(segment, discount: settings.discount, lambda: settings.lambda)
    let loss = MinibatchLoss(
      part: .both, objective: ScoreFunction(), entropyWeight: settings.entropyWeight, valueWeight: settings.valueWeight)
    let means = core.differentiate(loss, segment, 0..<segment.rows, normalizing: settings.normalizeAdvantages)
    var report = UpdateReport()
    try report.add(means, gradientNorm: core.gradientNorm)
    let rate = Schedule.falling(settings.learningRate, over: settings.learningRateSteps).value(at: steps)
    switch settings.optimizer {
    case .rmsprop, .tensorFlowRMSprop:
      let (parameters, gradient, factor) = (
        core.parameters.mutablePointer, core.gradientPointer, core.clipFactor(settings.maxGradientNorm)
      )
      if factor != 1 { Elementwise.scale(gradient, count: core.parameters.count, by: factor) }
      rmsprop.step(parameters, gradient: gradient, learningRate: rate)
    case .adam: core.step(&adam, learningRate: rate, maxNorm: settings.maxGradientNorm)
    }
    report.record(in: &metrics)
    metrics.record("explained_variance", evaluation.explainedVariance)
    metrics.record("learning_rate", rate)
  }
}

extension AdvantageActorCritic: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.inline(&core)
    try fields.field("rmsprop", &rmsprop)
    try fields.field("adam", &adam)
  }
}
