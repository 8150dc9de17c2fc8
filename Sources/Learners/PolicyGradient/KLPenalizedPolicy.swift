import Archive
import Configuration
import Experience
import Interfaces
import Kernels
import Networks

/// Settings of policy optimization under a penalty on the divergence from the old policy.
public struct KLPenalizedPolicySettings: Configuration {
  /// How the multiplier of the penalty follows the divergence.
  public enum MultiplierRule: String, CaseIterable, SettingValue {
    /// Dual gradient ascent: it grows by the rate times what the divergence is above its target.
    case dual
    /// Doubled where the divergence is above 1.5 times its target, halved where it is below it / 1.5.
    case adaptive
    /// Never changed.
    case fixed
  }

  public init() {}
  @SettingGroup("Policy and value function") public var policy = PolicySettings()
  @Setting("Discount of a step", in: 0...1) public var discount: Float = 0.99
  @Setting("Lambda of generalized advantage estimates", in: 0...1) public var lambda: Float = 0.95
  @Setting("Passes over a segment", in: 1...10_000) public var epochs: Int = 10
  @Setting("Rows of a minibatch", in: 1...1_000_000) public var batchSize: Int = 64
  @Setting("Learning rate of Adam", in: 0...1) public var learningRate: Float = 3e-4
  @Setting("Divergence KL(old || new) of an update that the multiplier steers to, in nats", in: 1e-6...1e3)
  public var targetDivergence: Float = 0.01
  @Setting("How the multiplier follows the divergence") public var multiplier: MultiplierRule = .dual
  @Setting("Multiplier of the divergence at the start", in: 0...1e6) public var initialMultiplier: Float = 1
  @Setting("Growth of the multiplier for each nat above the target, with multiplier=dual", in: 0...1e6)
  public var multiplierRate: Float = 30
  @Setting("Give each minibatch's advantages mean 0 and deviation 1") public var normalizeAdvantages: Bool = true
  @Setting("Weight of the entropy in the loss", in: 0...100) public var entropyWeight: Float = 0
  @Setting("Weight of the squared error of values in the loss", in: 0...1000) public var valueWeight: Float = 0.5
  @Setting("Largest norm of a gradient; auto for no limit", in: 1e-6...1e9) public var maxGradientNorm: Float? = 0.5
}

/// The importance-sampled surrogate with a penalty on KL(old || new): constrained policy optimization by dual gradient
/// descent, and with `multiplier=adaptive` PPO's other variant (Schulman et al. 2017, equation 8).
///
///     loss = mean of -ratio A + multiplier * KL(old || new) - entropyWeight * entropy + valueWeight * (V - G)^2
///     multiplier = max(0, multiplier + rate * (KL - target)) after each segment
///
/// The inner minimization is incomplete, as many epochs as are set; the multiplier sees the divergence that they ended
/// with.
public struct KLPenalizedPolicy: OnPolicyLearner {
  public static let metricNames = [
    "policy_loss", "value_loss", "entropy", "approx_kl", "kl", "multiplier", "explained_variance", "gradient_norm",
  ]

  public let settings: KLPenalizedPolicySettings
  /// Multiplier of the divergence.
  public private(set) var multiplier: Float
  private var core: OnPolicyCore
  private var optimizer: Adam

  /// A fresh learner for an environment of `spec`.
  public init(_ settings: KLPenalizedPolicySettings, spec: EnvironmentSpec, using random: RandomStream) {
    self.settings = settings
    multiplier = settings.initialMultiplier
    core = OnPolicyCore(settings.policy, spec: spec, using: random)
    optimizer = Adam(count: core.parameters.count, epsilon: 1e-5)
  }

  public var policy: StochasticPolicy { core.policy }
  public var parameters: Vector {
    get { core.parameters }
    set { core.parameters.copy(from: newValue) }
  }

  public var gradientEstimate: GradientEstimate {
    GradientEstimate(
      discount: settings.discount, lambda: settings.lambda, normalizesAdvantages: settings.normalizeAdvantages,
      batchSize: settings.batchSize)
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
      part: .both, objective: ImportanceSampledSurrogate(), entropyWeight: settings.entropyWeight,
      divergenceWeight: multiplier, valueWeight: settings.valueWeight)
    var report = UpdateReport()
    for _ in 0..<settings.epochs {
      core.shuffle(using: &random)
      _ = try OnPolicyCore.forEachMinibatch(of: segment.rows, size: settings.batchSize) {
        range throws(NumericalFailure) in
        let means = core.differentiate(loss, segment, range, normalizing: settings.normalizeAdvantages)
        try report.add(means, gradientNorm: core.gradientNorm)
        core.step(&optimizer, learningRate: settings.learningRate, maxNorm: settings.maxGradientNorm)
        return true
      }
    }
    let divergence = core.assess(segment, evaluation).divergence
    guard divergence.isFinite else { throw NumericalFailure(metric: "kl", value: divergence) }
    adaptMultiplier(to: divergence)
    report.record(in: &metrics)
    metrics.record("kl", divergence)
    metrics.record("multiplier", multiplier)
    metrics.record("explained_variance", evaluation.explainedVariance)
  }

  private mutating func adaptMultiplier(to divergence: Float) {
    let target = settings.targetDivergence
    switch settings.multiplier {
    case .dual: multiplier = max(0, multiplier + settings.multiplierRate * (divergence - target))
    case .adaptive:
      if divergence > 1.5 * target { multiplier *= 2 } else if divergence < target / 1.5 { multiplier /= 2 }
    case .fixed: break
    }
  }
}

extension KLPenalizedPolicy: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.inline(&core)
    try fields.field("optimizer", &optimizer)
    try fields.field("multiplier", &multiplier)
  }
}
