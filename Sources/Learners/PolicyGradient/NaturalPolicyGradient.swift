import Archive
import Configuration
import Experience
import Interfaces
import Kernels
import Networks

/// Settings of the natural policy gradient.
public struct NaturalPolicyGradientSettings: Configuration {
  public init() {}
  @SettingGroup("Policy and value function") public var policy = PolicySettings()
  @Setting("Discount of a step", in: 0...1) public var discount: Float = 0.99
  @Setting("Lambda of generalized advantage estimates", in: 0...1) public var lambda: Float = 0.95
  @SettingGroup("Natural gradient and value function") public var natural = NaturalGradientSettings()
}

/// The natural policy gradient (Kakade 2001) with a step of given divergence: theta + sqrt(2 epsilon / g' F^-1 g) F^-1
/// g, always taken, as in Rajeswaran et al. (2017). Trust region policy optimization without its line search.
public struct NaturalPolicyGradient: OnPolicyLearner {
  public static let metricNames = [
    "policy_loss", "value_loss", "entropy", "kl", "explained_variance", "gradient_norm", "cg_residual", "step_scale",
  ]

  public let settings: NaturalPolicyGradientSettings
  private var core: OnPolicyCore
  private var natural: NaturalGradient
  private var optimizer: Adam

  /// A fresh learner for an environment of `spec`.
  public init(_ settings: NaturalPolicyGradientSettings, spec: EnvironmentSpec, using random: RandomStream) {
    self.settings = settings
    core = OnPolicyCore(settings.policy, spec: spec, using: random)
    natural = NaturalGradient(settings.natural, core.networks)
    optimizer = Adam(count: core.parameters.count, epsilon: 1e-5)
  }

  public var policy: StochasticPolicy { core.policy }
  public var parameters: Vector {
    get { core.parameters }
    set { core.parameters.copy(from: newValue) }
  }

  public var gradientEstimate: GradientEstimate {
    GradientEstimate(
      discount: settings.discount, lambda: settings.lambda, normalizesAdvantages: settings.natural.normalizeAdvantages)
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
    let limit = natural.divergenceLimit(at: steps)
    let (proposal, means) = try natural.propose(&core, segment, evaluation, limit: limit)
    let count = core.networks.policyRange.count
    Elementwise.add(
      core.parameters.mutablePointer, natural.direction.pointer, count: count, scale: proposal.scale)
    let (surrogate, divergence) = core.assess(segment, evaluation)
    guard divergence.isFinite else { throw NumericalFailure(metric: "kl", value: divergence) }
    let valueLoss = try core.fitValues(
      segment, epochs: settings.natural.valueEpochs, batchSize: settings.natural.batchSize, &optimizer,
      learningRate: settings.natural.learningRate, using: &random)
    metrics.record("policy_loss", -surrogate)
    if let valueLoss { metrics.record("value_loss", valueLoss) }
    metrics.record("entropy", means.entropy)
    metrics.record("kl", divergence)
    metrics.record("explained_variance", evaluation.explainedVariance)
    metrics.record("gradient_norm", proposal.gradientNorm)
    metrics.record("cg_residual", proposal.residual)
    metrics.record("step_scale", proposal.scale)
  }
}

extension NaturalPolicyGradient: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.inline(&core)
    try fields.field("optimizer", &optimizer)
  }
}
