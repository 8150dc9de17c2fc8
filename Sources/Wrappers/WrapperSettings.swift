public import Configuration

/// Wrappers that any environment can have, as settings: `environment.wrappers.action_repeat=2`.
public struct WrapperSettings: Configuration, Equatable {
  /// See `StickyActions`.
  @Setting("Probability that the previous action is repeated instead of the one asked for", in: 0...0.99)
  public var stickyActions: Float = 0
  /// See `ActionRepeat`.
  @Setting("Times that each action is taken; their rewards add up", in: 1...1000)
  public var actionRepeat: Int = 1
  /// See `ClippedActions`.
  @Setting("Clip actions to the bounds, for environments that do not do so themselves")
  public var clipActions: Bool = false
  /// See `RescaledActions`.
  @Setting("Have the agent choose actions in -1...1, whatever the bounds")
  public var rescaleActions: Bool = false
  /// See `DiscretizedActions`.
  @Setting("Values of each component of the action to choose from, for agents of discrete actions; auto is none")
  public var discretizedActions: Int? = nil
  /// See `Grayscale`.
  @Setting("Show images in color as gray")
  public var grayscale: Bool = false
  /// See `Resized`.
  @Setting("Rows and columns that images are shrunk to, such as [84,84]; [] for none", in: 1...10_000)
  public var resized: [Int] = []
  /// See `FrameStack`.
  @Setting("Observations shown together, oldest first", in: 1...100)
  public var frameStack: Int = 1
  /// See `NormalizedObservations`.
  @Setting("Normalize observations by the mean and spread of training")
  public var normalizeObservations: Bool = false
  /// See `ScaledRewards`.
  @Setting("Factor of the rewards that the agent learns from; measured returns stay those of the task", in: 1e-6...1e6)
  public var scaledRewards: Float = 1
  /// See `NormalizedRewards`.
  @Setting("Normalize the rewards that the agent learns from by the spread of discounted returns in training")
  public var normalizeRewards: Bool = false
  /// See `NormalizedRewards`.
  @Setting("Discount of the returns that normalize_rewards is about", in: 0...1)
  public var rewardDiscount: Float = 0.99
  /// See `NormalizedObservations` and `NormalizedRewards`.
  @Setting("Limit of the magnitude of normalized observations and rewards", in: 0.1...1e6)
  public var normalizedLimit: Float = 10
  /// See `TimeLimit`.
  @Setting("Decisions after which an episode is cut off, at most the environment's own limit, which is auto", in: 1...)
  public var timeLimit: Int? = nil

  /// No wrappers.
  public init() {}

  public func validate() throws(ConfigurationError) {
    if let steps = discretizedActions, steps < 2 {
      throw ConfigurationError("discretized_actions", "\(steps) values leave no choice; at least 2")
    }
    if !resized.isEmpty && resized.count != 2 {
      throw ConfigurationError("resized", "needs two numbers, rows and columns, not \(resized.count)")
    }
  }
}
