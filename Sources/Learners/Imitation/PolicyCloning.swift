import Archive
import Configuration
import Experience
import Interfaces
import Kernels
import Networks

/// Settings of cloning a policy by maximum likelihood.
public struct PolicyCloningSettings: Configuration {
  public init() {}
  @SettingGroup("Policy") public var policy = PolicySettings()
  @Setting("Passes over all decisions in a fit", in: 1...100_000) public var epochs: Int = 10
  @Setting("Decisions in a minibatch", in: 1...1_000_000) public var batchSize: Int = 64
  @Setting("Learning rate of Adam", in: 0...1) public var learningRate: Float = 1e-3
  @Setting("Weight of the entropy in the loss", in: 0...100) public var entropyWeight: Float = 0
  @Setting(
    "Fit standard deviations that all states share, too; otherwise they stay at initial_log_std, and the loss is the "
      + "squared error of the means")
  public var fitsSpread: Bool = false
}

/// Behaviour cloning: a stochastic policy fitted to an expert's decisions by maximum likelihood, minibatch by minibatch.
///
///     loss = mean of -log p(a | s) - entropyWeight * entropy
///
/// A deterministic expert's decisions have no spread: fitted, standard deviations fall towards 0 and the loss has no
/// bound. They stay as they are unless `fitsSpread`.
public struct PolicyCloning {
  /// Metrics that `fit` records.
  public static let metricNames = ["policy_loss", "entropy", "gradient_norm"]

  public let settings: PolicyCloningSettings
  private var core: OnPolicyCore
  private var optimizer: Adam

  /// An untaught policy for an environment of `spec`.
  public init(_ settings: PolicyCloningSettings, spec: EnvironmentSpec, using random: RandomStream) {
    self.settings = settings
    core = OnPolicyCore(settings.policy, spec: spec, using: random)
    optimizer = Adam(count: core.parameters.count)
  }

  /// The policy as it is now. O(1): parameters are shared, not copied.
  public var policy: StochasticPolicy { core.policy }

  /// Lowers the loss on `decisions`, at least one: observations and raw actions; rewards and endings do not count. Throws
  /// `NumericalFailure` when the loss or its gradient is not finite.
  public mutating func fit(
    to decisions: RolloutSegment, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    let evaluation = core.evaluate(decisions)
    let weights = evaluation.advantages.mutablePointer
    for row in 0..<decisions.rows { weights[row] = 1 }
    let loss = MinibatchLoss(
      part: .policy, objective: ScoreFunction(), entropyWeight: settings.entropyWeight,
      keepsShared: !settings.fitsSpread)
    var report = CloningReport()
    for _ in 0..<settings.epochs {
      core.shuffle(using: &random)
      _ = try OnPolicyCore.forEachMinibatch(of: decisions.rows, size: settings.batchSize) {
        rows throws(NumericalFailure) in
        let means = core.differentiate(loss, decisions, rows, normalizing: false)
        try report.add(means, gradientNorm: core.gradientNorm)
        core.step(&optimizer, learningRate: settings.learningRate, maxNorm: nil)
        return true
      }
    }
    report.record(in: &metrics)
  }
}

/// Means over the minibatches of a fit.
private struct CloningReport {
  private var (loss, entropy, norm, count): (Float, Float, Float, Float) = (0, 0, 0, 0)

  mutating func add(_ means: MinibatchMeans, gradientNorm: Float) throws(NumericalFailure) {
    guard means.policyLoss.isFinite else { throw NumericalFailure(metric: "policy_loss", value: means.policyLoss) }
    guard gradientNorm.isFinite else { throw NumericalFailure(metric: "gradient_norm", value: gradientNorm) }
    loss += means.policyLoss
    entropy += means.entropy
    norm += gradientNorm
    count += 1
  }

  func record(in metrics: inout MetricRow) {
    metrics.record("policy_loss", loss / count)
    metrics.record("entropy", entropy / count)
    metrics.record("gradient_norm", norm / count)
  }
}

extension PolicyCloning: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.inline(&core)
    try fields.field("optimizer", &optimizer)
  }
}
