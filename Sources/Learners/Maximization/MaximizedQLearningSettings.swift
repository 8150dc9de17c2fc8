import Configuration
import Networks

/// Settings of Q-learning whose maximum over actions is searched for.
public struct MaximizedQLearningSettings: Configuration {
  public init() {}
  @Setting("Widths of the hidden layers", in: 1...8192) public var hidden: [Int] = [128, 128]
  @Setting("Nonlinearity of the hidden layers") public var activation: Activation = .relu
  @Setting("Layer normalization") public var layerNormalization: Bool = false
  @Setting("Learning rate", in: 1e-7...1) public var learningRate: Float = 1e-3
  @Setting("Discount of a step", in: 0...1) public var discount: Float = 0.99
  @Setting("Share of the critic that moves into its target at each update", in: 0...1) public var tau: Float = 0.005
  @Setting("Targets take the lesser value of the target critic and of one that lags behind it") public var clipped:
    Bool =
      true
  @Setting("Updates between copies of the target critic into the lagging one", in: 1...1_000_000) public var lag: Int =
    100
  @Setting("Error of a value") public var loss: ActionValueLoss = .squared
  @Setting("Error beyond which Huber's loss is linear", in: 1e-3...1e6) public var errorLimit: Float = 1
  @Setting("Least value, for the cross-entropy loss") public var valueLow: Float = 0
  @Setting("Greatest value, for the cross-entropy loss") public var valueHigh: Float = 1
  @Setting("Act by the target critic, an average over updates, instead of the critic") public var averagedPolicy: Bool =
    false
  @Setting("Probability of a uniformly random action when collecting", in: 0...1) public var epsilon: Float = 0
  @Setting("Standard deviation of the noise on collected actions, where 1 is half the range", in: 0...10)
  public var noise: Float = 0.1
  @Setting(
    "Updates between comparisons of the maximum with a grid's, for actions of at most 7 components; 0 for none",
    in: 0...1_000_000)
  public var gridInterval: Int = 0
  @SettingGroup("Search of the best action") public var search = ActionSearchSettings()

  public func validate() throws(ConfigurationError) {
    if loss == .crossEntropy && !(valueLow < valueHigh) {
      throw ConfigurationError("value_high", "must be above value_low (\(valueLow)) for loss=cross_entropy")
    }
  }
}
