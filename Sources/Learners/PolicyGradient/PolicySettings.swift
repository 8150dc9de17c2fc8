import Configuration
import Networks

/// Settings of a stochastic policy and of the value function beside it; defaults are Stable-Baselines3's `MlpPolicy`.
public struct PolicySettings: Configuration {
  /// What the spread of continuous actions depends on.
  public enum Spread: String, CaseIterable, SettingValue {
    /// Parameters that all states share.
    case shared
    /// The state, as further outputs of the network.
    case state
  }

  public init() {}
  @Setting("Widths of the policy's hidden layers", in: 1...8192) public var hidden: [Int] = [64, 64]
  @Setting("Widths of the value function's hidden layers; [] for the policy's", in: 1...8192)
  public var valueHidden: [Int] = []
  @Setting("Nonlinearity of the hidden layers") public var activation: Activation = .tanh
  @Setting(
    "Orthogonal first weights, small in the policy's last layer; otherwise uniform within 1 / sqrt(inputs), biases too")
  public var orthogonal: Bool = true
  @Setting("What the standard deviations of continuous actions depend on") public var spread: Spread = .shared
  @Setting("Logarithm of the standard deviations of continuous actions at the start", in: -10...2)
  public var initialLogStd: Float = 0
  @Setting("Squash continuous actions into their bounds by tanh; otherwise they are clipped")
  public var squashed: Bool = false
}
