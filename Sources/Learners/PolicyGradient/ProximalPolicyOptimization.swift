import Archive
import Configuration
import Experience
import Interfaces
import Kernels
import Networks

/// Settings of proximal policy optimization; defaults are those of Stable-Baselines3.
public struct ProximalPolicyOptimizationSettings: Configuration {
  public init() {}
  @SettingGroup("Policy and value function") public var policy = PolicySettings()
  @Setting("One network for policy and values, with two heads") public var sharedNetwork: Bool = false
  @Setting("Discount of a step", in: 0...1) public var discount: Float = 0.99
  @Setting("Lambda of generalized advantage estimates", in: 0...1) public var lambda: Float = 0.95
  @Setting("Passes over a segment", in: 1...10_000) public var epochs: Int = 10
  @Setting("Rows of a minibatch", in: 1...1_000_000) public var batchSize: Int = 64
  @Setting("Learning rate of Adam", in: 0...1) public var learningRate: Float = 3e-4
  @Setting("Environment steps over which the learning rate falls linearly to 0; auto keeps it", in: 1...)
  public var learningRateSteps: Int? = nil
  @Setting("How far the ratio of new to old probability counts on either side of 1", in: 0...10)
  public var clipRange: Float = 0.2
  @Setting("Environment steps over which the clip range falls linearly to 0; auto keeps it", in: 1...)
  public var clipRangeSteps: Int? = nil
  @Setting("How far a value may move from the old one before it stops to count; auto for no limit", in: 0...1e9)
  public var valueClipRange: Float? = nil
  @Setting("Give each minibatch's advantages mean 0 and deviation 1") public var normalizeAdvantages: Bool = true
  @Setting("Weight of the entropy in the loss", in: 0...100) public var entropyWeight: Float = 0
  @Setting("Weight of the squared error of values in the loss", in: 0...1000) public var valueWeight: Float = 0.5
  @Setting("Largest norm of a gradient; auto for no limit", in: 1e-6...1e9) public var maxGradientNorm: Float? = 0.5
  @Setting("Divergence at 1.5 times which a segment's updates stop; auto for no limit", in: 1e-6...1e3)
  public var targetDivergence: Float? = nil
}

/// Proximal policy optimization with the clipped surrogate (Schulman et al. 2017), as in Stable-Baselines3.
///
///     loss = mean of -min(ratio A, clip(ratio, 1 - c, 1 + c) A) - entropyWeight * entropy + valueWeight * (V - G)^2
///
/// A are generalized advantage estimates, G = A + V of before the update. Minibatches of shuffled rows, Adam with
/// epsilon 1e-5, one norm for the gradient of policy and values together.
public struct ProximalPolicyOptimization: OnPolicyLearner {
  public static let metricNames = [
    "policy_loss", "value_loss", "entropy", "approx_kl", "clip_fraction", "explained_variance", "gradient_norm",
    "learning_rate", "updates",
  ]

  public let settings: ProximalPolicyOptimizationSettings
  private var core: OnPolicyCore
  private var optimizer: Adam

  /// A fresh learner for an environment of `spec`.
  public init(_ settings: ProximalPolicyOptimizationSettings, spec: EnvironmentSpec, using random: RandomStream) {
    self.settings = settings
    core = OnPolicyCore(settings.policy, spec: spec, isShared: settings.sharedNetwork, using: random)
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
    let rate = Schedule.falling(settings.learningRate, over: settings.learningRateSteps).value(at: steps)
    let clip = Schedule.falling(settings.clipRange, over: settings.clipRangeSteps).value(at: steps)
    let loss = MinibatchLoss(
      part: .both, objective: ClippedSurrogate(range: clip), entropyWeight: settings.entropyWeight,
      valueWeight: settings.valueWeight, valueClip: settings.valueClipRange)
    var report = UpdateReport()
    for _ in 0..<settings.epochs {
      core.shuffle(using: &random)
      let goesOn = try OnPolicyCore.forEachMinibatch(of: segment.rows, size: settings.batchSize) {
        range throws(NumericalFailure) in
        let means = core.differentiate(loss, segment, range, normalizing: settings.normalizeAdvantages)
        if let target = settings.targetDivergence, means.approximateDivergence > 1.5 * target {
          try report.add(means, gradientNorm: nil)
          return false
        }
        try report.add(means, gradientNorm: core.gradientNorm)
        core.step(&optimizer, learningRate: rate, maxNorm: settings.maxGradientNorm)
        return true
      }
      if !goesOn { break }
    }
    report.record(in: &metrics)
    metrics.record("clip_fraction", report.clipFraction)
    metrics.record("explained_variance", evaluation.explainedVariance)
    metrics.record("learning_rate", rate)
    metrics.record("updates", Float(report.steps))
  }
}

/// -min(ratio A, clip(ratio, 1 - range, 1 + range) A) (Schulman et al. 2017, equation 7).
package struct ClippedSurrogate: PolicyObjective {
  package let range: Float

  package init(range: Float) { self.range = range }

  package func evaluate(
    count: Int, logProbabilities: UnsafePointer<Float>, ratios: UnsafePointer<Float>,
    advantages: UnsafePointer<Float>, slopes: UnsafeMutablePointer<Float>
  ) -> (loss: Float, clipped: Float) {
    var (loss, clipped) = (Float(0), Float(0))
    for r in 0..<count {
      let (ratio, advantage) = (ratios[r], advantages[r])
      let (plain, limited) = (ratio * advantage, min(max(ratio, 1 - range), 1 + range) * advantage)
      loss -= min(plain, limited)
      // the slope of the clipped branch is 0
      slopes[r] = plain <= limited ? -plain : 0
      if abs(ratio - 1) > range { clipped += 1 }
    }
    return (loss, clipped)
  }
}

extension ProximalPolicyOptimization: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.inline(&core)
    try fields.field("optimizer", &optimizer)
  }
}
