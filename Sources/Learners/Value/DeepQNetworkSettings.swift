import Configuration
import Networks

/// Settings of a deep Q-network.
public struct DeepQNetworkSettings: Configuration {
  /// How actions are drawn to collect.
  public enum Exploration: String, CaseIterable, SettingValue {
    /// The best action, but a uniformly random one with a probability that falls.
    case epsilonGreedy = "epsilon_greedy"
    /// By a softmax of the values over a temperature that falls.
    case boltzmann
  }

  /// What the network says of each action's return.
  public enum Distribution: String, CaseIterable, SettingValue {
    /// Its expected value.
    case expected
    /// Probabilities of fixed values, C51.
    case categorical
    /// Quantiles, QR-DQN.
    case quantile
  }

  public init() {}
  @Setting("Widths of the hidden layers", in: 1...8192) public var hidden: [Int] = [128, 128]
  @Setting("Nonlinearity of the hidden layers") public var activation: Activation = .relu
  @Setting(
    "Convolutions of images: none, small, nature, or layers [[filters, kernel, stride], ...]; auto is nature from 36x36 "
      + "pixels on, small below, none for vectors")
  public var convolution: ConvolutionChoice? = nil
  @Setting("Layer normalization") public var layerNormalization: Bool = false
  @Setting("Optimizer: Adam, or RMSprop centered, with decay 0.95 and epsilon 0.01")
  public var optimizer: OptimizerChoice = .adam
  @Setting("Learning rate", in: 1e-7...1) public var learningRate: Float = 5e-4
  @Setting("Decisions over which the learning rate falls linearly to 0; auto keeps it", in: 1...1_000_000_000)
  public var learningRateSteps: Int? = nil
  @Setting("Discount of a step", in: 0...1) public var discount: Float = 0.99
  @Setting("Targets value the action that the online network chooses (double Q-learning)")
  public var double: Bool = true
  @Setting("State value and advantages as separate outputs (dueling)") public var dueling: Bool = false
  @Setting("What the network says of each action's return") public var distribution: Distribution = .expected
  @Setting("Values of a categorical distribution, or quantiles", in: 2...1000) public var atoms: Int = 51
  @Setting("Least value of a categorical distribution", in: -1e6...1e6) public var lowestReturn: Float = -100
  @Setting("Greatest value of a categorical distribution, less the least", in: 1e-3...1e6)
  public var returnRange: Float = 200
  @Setting("Error beyond which the loss is linear", in: 1e-3...1e6) public var errorLimit: Float = 1
  @Setting("Weight of conservative Q-learning's penalty on values of actions outside the data; 0: none", in: 0...1e4)
  public var conservatism: Float = 0
  @Setting("Updates between moves of the target network", in: 1...1_000_000) public var targetInterval: Int = 250
  @Setting("Share of the network that moves into its target then; 1 copies it", in: 0...1) public var tau: Float = 1
  @Setting("How actions are drawn to collect") public var exploration: Exploration = .epsilonGreedy
  @Setting("Probability of a random action at the start", in: 0...1) public var epsilonStart: Float = 1
  @Setting("Probability of a random action in the end", in: 0...1) public var epsilonEnd: Float = 0.05
  @Setting("Decisions over which it falls from start to end, linearly", in: 0...1_000_000_000)
  public var epsilonSteps: Int = 10_000
  @Setting("Temperature of Boltzmann exploration at the start, in units of value", in: 1e-6...1e6)
  public var temperatureStart: Float = 1
  @Setting("Temperature in the end", in: 1e-6...1e6) public var temperatureEnd: Float = 0.1
  @Setting("Decisions over which it falls from start to end, linearly", in: 0...1_000_000_000)
  public var temperatureSteps: Int = 10_000
  @Setting("Learned noise on the weights of the last two layers, drawn anew for each decision and each update")
  public var noisy: Bool = false
  @Setting("Standard deviation of that noise at the start, over the root of a layer's inputs", in: 1e-6...100)
  public var noiseScale: Float = 0.5
}
