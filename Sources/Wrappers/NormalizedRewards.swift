public import Archive
public import Interfaces
public import Kernels

/// Divides the rewards an agent learns from by the standard deviation of the discounted sum of rewards so far in the
/// episode, R_t = γ R_{t-1} + r_t, over all training steps, and limits them to ±`limit`: Engstrom et al., "Implementation
/// matters in deep policy gradients" (ICLR 2020), as in Stable-Baselines3. Rewards are not centered. Measured returns
/// and tables of episodes stay in the task's units.
public struct NormalizedRewards<Base: Environment>: EnvironmentWrapper {
  public var base: Base
  private var scaling: RewardScaling
  private var isMeasuring = false

  /// Discounts by `discount`, in 0...1, and limits rewards to ±`limit`.
  public init(_ base: Base, discount: Float = 0.99, limit: Float = 10) {
    self.base = base
    scaling = RewardScaling(copies: 1, discount: discount, limit: limit)
  }

  public var spec: EnvironmentSpec {
    isMeasuring ? base.spec : base.spec.with(rewardRange: .some(-scaling.limit...scaling.limit))
  }

  public mutating func reset(using random: inout RandomStream, observation: inout [Float]) throws {
    try base.reset(using: &random, observation: &observation)
    scaling.startEpisode(0)
  }

  public mutating func step(_ action: [Float], observation: inout [Float]) throws -> StepOutcome {
    var outcome = try base.step(action, observation: &observation)
    if !isMeasuring {
      scaling.add(outcome.reward, of: 0)
      outcome.reward = scaling.scaled(outcome.reward)
    }
    return outcome
  }

  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("base", &base)
    try fields.field("scaling", &scaling)
    try fields.field("is_measuring", &isMeasuring)
  }

  public mutating func beginMeasurement(with statistics: StateReader) throws(ArchiveError) {
    try base.beginMeasurement(with: statistics)
    isMeasuring = true
  }
}

/// Discounted sums of rewards of some copies of an environment, and the rewards' scale by their spread.
struct RewardScaling: Sendable {
  let limit: Float
  private let discount: Double
  private var sums: [Double]
  private var moments = RunningMoments(size: 1)

  init(copies: Int, discount: Float, limit: Float) {
    precondition((0...1).contains(discount) && limit > 0, "discount \(discount), limit \(limit)")
    self.discount = Double(discount)
    self.limit = limit
    sums = Array(repeating: 0, count: copies)
  }

  /// Starts the discounted sum of a copy anew.
  mutating func startEpisode(_ copy: Int) { sums[copy] = 0 }

  /// Takes in a reward of a copy.
  mutating func add(_ reward: Float, of copy: Int) {
    sums[copy] = discount * sums[copy] + Double(reward)
    withUnsafePointer(to: Float(sums[copy])) { moments.add(UnsafeBufferPointer(start: $0, count: 1)) }
  }

  /// `reward` in units of the spread so far; as it is while there is none.
  func scaled(_ reward: Float) -> Float {
    let spread = moments.variance(of: 0).squareRoot()
    let scaled = spread > 0 ? Float(Double(reward) / (spread + 1e-8)) : reward
    return scaled < -limit ? -limit : scaled > limit ? limit : scaled
  }
}

extension RewardScaling: Archived {
  mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("sums", &sums)
    try fields.field("moments", &moments)
  }
}
