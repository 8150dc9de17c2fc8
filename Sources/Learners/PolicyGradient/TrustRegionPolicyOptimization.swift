import Archive
import Configuration
import Experience
import Interfaces
import Kernels
import Networks

/// Settings of trust region policy optimization; defaults are those of sb3-contrib.
public struct TrustRegionPolicyOptimizationSettings: Configuration {
  public init() {}
  @SettingGroup("Policy and value function") public var policy = PolicySettings()
  @Setting("Discount of a step", in: 0...1) public var discount: Float = 0.99
  @Setting("Lambda of generalized advantage estimates", in: 0...1) public var lambda: Float = 0.95
  @SettingGroup("Natural gradient and value function") public var natural = NaturalGradientSettings()
  @Setting("Most steps tried by the line search, each shorter than the last", in: 1...1000)
  public var backtracks: Int = 10
  @Setting("Factor from one step tried to the next", in: 0.01...0.999) public var backtrackFactor: Float = 0.8
}

/// Trust region policy optimization (Schulman et al. 2015): the natural gradient's step, shortened until the surrogate
/// grows and KL(old || new) is below its limit; the old parameters are put back where no step tried does both.
///
/// sb3-contrib measures KL(new || old) in its line search; here it is that of the paper.
public struct TrustRegionPolicyOptimization: OnPolicyLearner {
  public static let metricNames = [
    "policy_loss", "value_loss", "entropy", "kl", "explained_variance", "gradient_norm", "cg_residual", "backtracks",
    "accepted",
  ]

  public let settings: TrustRegionPolicyOptimizationSettings
  private var core: OnPolicyCore
  private var natural: NaturalGradient
  private var optimizer: Adam
  private var old: Vector

  /// A fresh learner for an environment of `spec`.
  public init(_ settings: TrustRegionPolicyOptimizationSettings, spec: EnvironmentSpec, using random: RandomStream) {
    self.settings = settings
    core = OnPolicyCore(settings.policy, spec: spec, using: random)
    natural = NaturalGradient(settings.natural, core.networks)
    optimizer = Adam(count: core.parameters.count, epsilon: 1e-5)
    old = Vector(count: core.networks.policyRange.count)
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
    let found = search(proposal, segment, evaluation, from: -means.policyLoss, limit: limit)
    let valueLoss = try core.fitValues(
      segment, epochs: settings.natural.valueEpochs, batchSize: settings.natural.batchSize, &optimizer,
      learningRate: settings.natural.learningRate, using: &random)
    metrics.record("policy_loss", -found.surrogate)
    if let valueLoss { metrics.record("value_loss", valueLoss) }
    metrics.record("entropy", means.entropy)
    metrics.record("kl", found.divergence)
    metrics.record("explained_variance", evaluation.explainedVariance)
    metrics.record("gradient_norm", proposal.gradientNorm)
    metrics.record("cg_residual", proposal.residual)
    metrics.record("backtracks", Float(found.backtracks))
    metrics.record("accepted", found.isAccepted ? 1 : 0)
  }

  /// Moves the policy along the proposal, or leaves it where it was.
  private mutating func search(
    _ proposal: NaturalGradient.Proposal, _ segment: RolloutSegment, _ evaluation: RolloutEvaluation,
    from surrogate: Float, limit: Float
  ) -> (surrogate: Float, divergence: Float, backtracks: Int, isAccepted: Bool) {
    let count = old.count
    old.mutablePointer.update(from: core.parameters.pointer, count: count)
    var step = proposal.scale
    for backtracks in 0..<settings.backtracks {
      let parameters = core.parameters.mutablePointer
      parameters.update(from: old.pointer, count: count)
      Elementwise.add(parameters, natural.direction.pointer, count: count, scale: step)
      let (value, divergence) = core.assess(segment, evaluation)
      if divergence < limit && value > surrogate {
        return (value, divergence, backtracks, true)
      }
      step *= settings.backtrackFactor
    }
    core.parameters.mutablePointer.update(from: old.pointer, count: count)
    return (surrogate, 0, settings.backtracks, false)
  }
}

extension TrustRegionPolicyOptimization: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.inline(&core)
    try fields.field("optimizer", &optimizer)
  }
}
