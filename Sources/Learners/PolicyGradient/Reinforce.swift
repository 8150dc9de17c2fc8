import Archive
import Configuration
import Experience
import Interfaces
import Kernels
import Networks

/// Settings of REINFORCE.
public struct ReinforceSettings: Configuration {
  /// What an action is credited with.
  public enum Credit: String, CaseIterable, SettingValue {
    /// The return of the whole episode.
    case whole
    /// The rewards that followed it.
    case rewardToGo = "reward_to_go"
  }

  /// What is taken off the credit.
  public enum Baseline: String, CaseIterable, SettingValue {
    /// The credit as it is: the largest variance.
    case none
    /// The mean credit of the batch's other episodes.
    case constant
    /// The value of the state, by a network fitted to the returns so far.
    case learned
  }

  public init() {}
  @SettingGroup("Policy and value function") public var policy = PolicySettings()
  @Setting("Discount of a step", in: 0...1) public var discount: Float = 0.99
  @Setting("What an action is credited with") public var credit: Credit = .rewardToGo
  @Setting("What is taken off the credit") public var baseline: Baseline = .learned
  @Setting("Give a batch's credits mean 0 and deviation 1") public var normalize: Bool = false
  @Setting("Learning rate of Adam", in: 0...1) public var learningRate: Float = 1e-3
  @Setting("Weight of the entropy in the loss", in: 0...100) public var entropyWeight: Float = 0
  @Setting("Largest norm of a gradient; auto for no limit", in: 1e-6...1e9) public var maxGradientNorm: Float? = nil
  @Setting("Passes over a batch that fit a learned baseline", in: 1...10_000) public var valueEpochs: Int = 10
  @Setting("Rows of a minibatch for a learned baseline", in: 1...1_000_000) public var batchSize: Int = 128
  @Setting("Learning rate of Adam for a learned baseline", in: 0...1) public var valueLearningRate: Float = 1e-3
}

/// REINFORCE (Williams 1992): one step along the mean over episodes of sum over t of grad log p(a_t) (credit_t -
/// baseline).
///
/// Only episodes that begin and end within a segment count. A constant baseline leaves an episode's own credits out,
/// and a learned one is fitted after the step, so neither biases the gradient. With `normalize` the steps of all
/// episodes are averaged over instead. An episode cut by a time limit is credited with the learned value of where it
/// was cut, without a learned baseline with nothing. Rewards to go are discounted from their own step on, whole returns
/// from the episode's start.
public struct Reinforce: OnPolicyLearner {
  public static let metricNames = [
    "policy_loss", "value_loss", "entropy", "explained_variance", "gradient_norm", "episodes", "advantage_spread",
  ]

  public let settings: ReinforceSettings
  private var core: OnPolicyCore
  private var policyOptimizer: Adam
  private var valueOptimizer: Adam
  private var isWhole = Vector(count: 0)

  /// A fresh learner for an environment of `spec`.
  public init(_ settings: ReinforceSettings, spec: EnvironmentSpec, using random: RandomStream) {
    self.settings = settings
    core = OnPolicyCore(settings.policy, spec: spec, using: random)
    policyOptimizer = Adam(count: core.parameters.count)
    valueOptimizer = Adam(count: core.parameters.count)
  }

  public var policy: StochasticPolicy { core.policy }
  public var parameters: Vector {
    get { core.parameters }
    set { core.parameters.copy(from: newValue) }
  }

  public var gradientEstimate: GradientEstimate {
    GradientEstimate(discount: settings.discount, lambda: 1, normalizesAdvantages: settings.normalize)
  }

  /// With its own estimate the credits and baseline that are set; with another one generalized advantages.
  public mutating func policyGradients(
    on segment: RolloutSegment, _ estimate: GradientEstimate, using random: inout RandomStream
  ) -> [[Float]] {
    guard estimate == gradientEstimate else { return core.policyGradients(on: segment, estimate, using: &random) }
    let own = gradient(on: segment)
    return own.isEmpty ? [] : [own.map { -$0 }]
  }

  public mutating func update(
    on segment: RolloutSegment, steps: Int, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    let evaluation = core.evaluate(segment)
    let episodes = credit(segment, evaluation)
    guard episodes > 0 else { return }
    let loss = MinibatchLoss(part: .policy, objective: ScoreFunction(), entropyWeight: settings.entropyWeight)
    let means = core.differentiate(loss, segment, 0..<segment.rows, normalizing: false)
    guard means.policyLoss.isFinite else { throw NumericalFailure(metric: "policy_loss", value: means.policyLoss) }
    let norm = core.gradientNorm
    core.step(&policyOptimizer, learningRate: settings.learningRate, maxNorm: settings.maxGradientNorm)
    metrics.record("policy_loss", means.policyLoss)
    metrics.record("entropy", means.entropy)
    metrics.record("gradient_norm", norm)
    metrics.record("episodes", Float(episodes))
    let spread = Reductions.dot(evaluation.advantages.pointer, evaluation.advantages.pointer, count: segment.rows)
    metrics.record("advantage_spread", (spread / Float(segment.rows)).squareRoot())
    guard settings.baseline == .learned else { return }
    metrics.record("explained_variance", evaluation.explainedVariance)
    let valueLoss = try core.fitValues(
      segment, epochs: settings.valueEpochs, batchSize: settings.batchSize, &valueOptimizer,
      learningRate: settings.valueLearningRate, using: &random)
    if let valueLoss { metrics.record("value_loss", valueLoss) }
  }

  /// The gradient of the loss by the policy's parameters as an update would compute it, without the update; for tests
  /// and studies of estimators.
  package mutating func gradient(on segment: RolloutSegment) -> [Float] {
    let evaluation = core.evaluate(segment)
    guard credit(segment, evaluation) > 0 else { return [] }
    let loss = MinibatchLoss(part: .policy, objective: ScoreFunction(), entropyWeight: settings.entropyWeight)
    _ = core.differentiate(loss, segment, 0..<segment.rows, normalizing: false)
    return Array(UnsafeBufferPointer(start: core.gradientPointer, count: core.networks.policyRange.count))
  }

  /// Writes what each row's log p is weighted with, such that the mean over rows is the estimator; rows of episodes
  /// that are not whole get 0. Returns the number of whole episodes.
  private mutating func credit(_ segment: RolloutSegment, _ evaluation: RolloutEvaluation) -> Int {
    let rows = segment.rows
    if isWhole.count != rows { isWhole = Vector(count: rows) }
    let (whole, credits, returns) = (
      isWhole.mutablePointer, evaluation.advantages.mutablePointer, evaluation.targets.mutablePointer
    )
    if settings.baseline != .learned { evaluation.ignoreValues() }
    let outlook = evaluation.outlook(of: segment)
    ReturnEstimation.returns(outlook, discount: settings.discount, into: returns)
    ReturnEstimation.wholeReturns(segment, discount: settings.discount, into: credits, isWhole: whole)
    if settings.credit == .rewardToGo { credits.update(from: returns, count: rows) }
    let values = evaluation.values.pointer
    let constant = settings.baseline == .constant ? EpisodeMeans(segment, credits: credits, isWhole: whole) : nil
    var (episodes, count) = (0, 0)
    for row in 0..<rows where whole[row] == 1 {
      count += 1
      if segment.endings[row] != .none { episodes += 1 }
    }
    for n in 0..<segment.copies {
      var episode = 0
      for t in 0..<segment.steps {
        let row = t * segment.copies + n
        switch settings.baseline {
        case .none: break
        case .constant: credits[row] -= constant?.meanOfOthers(copy: n, episode: episode) ?? 0
        case .learned: credits[row] -= values[row]
        }
        if segment.endings[row] != .none { episode += 1 }
        if whole[row] == 0 { credits[row] = 0 }
      }
    }
    guard episodes > 0 else { return 0 }
    if settings.normalize {
      normalize(credits, whole, rows: rows, count: count)
    } else {
      Elementwise.scale(credits, count: rows, by: Float(rows) / Float(episodes))
    }
    return episodes
  }

  /// Mean 0 and deviation 1 over the `count` rows that count, whose mean the loss then is.
  private func normalize(
    _ credits: UnsafeMutablePointer<Float>, _ whole: UnsafePointer<Float>, rows: Int, count: Int
  ) {
    let mean = Reductions.sum(credits, count: rows) / Float(count)
    for row in 0..<rows { credits[row] = whole[row] * (credits[row] - mean) }
    let deviation = (Reductions.dot(credits, credits, count: rows) / Float(max(count - 1, 1))).squareRoot()
    Elementwise.scale(credits, count: rows, by: Float(rows) / Float(count) / (deviation + 1e-8))
  }
}

/// Sums of credits for each episode of a segment.
private struct EpisodeMeans {
  private var sums: [[(sum: Float, count: Float)]]
  private var total: (sum: Float, count: Float) = (0, 0)

  init(_ segment: RolloutSegment, credits: UnsafePointer<Float>, isWhole: UnsafePointer<Float>) {
    sums = Array(repeating: [(0, 0)], count: segment.copies)
    for row in 0..<segment.rows {
      let copy = row % segment.copies
      if isWhole[row] == 1 {
        sums[copy][sums[copy].count - 1].sum += credits[row]
        sums[copy][sums[copy].count - 1].count += 1
        total.sum += credits[row]
        total.count += 1
      }
      if segment.endings[row] != .none { sums[copy].append((0, 0)) }
    }
  }

  /// Mean credit of all steps but those of one episode; 0 where there are none.
  func meanOfOthers(copy: Int, episode: Int) -> Float {
    let own = sums[copy][episode]
    let count = total.count - own.count
    return count > 0 ? (total.sum - own.sum) / count : 0
  }
}

extension Reinforce: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.inline(&core)
    try fields.field("policy_optimizer", &policyOptimizer)
    try fields.field("value_optimizer", &valueOptimizer)
  }
}
