import Configuration
import Networks

/// Settings of TD-MPC2's networks and losses; defaults are those of Hansen et al. (2024) with a million parameters.
public struct TDMPC2LearnerSettings: Configuration {
  public init() {}
  @Setting("Numbers of a latent state", in: 1...8192) public var latent: Int = 128
  @Setting("Components of a latent state that one softmax joins", in: 1...8192) public var simplex: Int = 8
  @Setting("Widths of the encoder's hidden layers", in: 1...8192) public var encoderHidden: [Int] = [256]
  @Setting("Widths of the other networks' hidden layers", in: 1...8192) public var hidden: [Int] = [384, 384]
  @Setting("Q-functions", in: 2...64) public var critics: Int = 2
  @Setting("Probability that a component of the Q-functions' first layer is left out in training", in: 0...0.9)
  public var dropout: Float = 0.01
  @Setting("Bins of rewards and values", in: 2...255) public var bins: Int = 101
  @Setting("Outermost bins are at plus and minus this, after symlog", in: 1e-3...50) public var binLimit: Float = 10
  @Setting("Numbers that matrix products are made of; bfloat16 is several times as fast on processors with AMX")
  public var precision: ProductPrecision = .single
  @Setting("Steps that the latent model is rolled out in a loss", in: 1...100) public var horizon: Int = 3
  @Setting("Weight of a step of the rollout relative to that before", in: 0...1) public var rho: Float = 0.5
  @Setting("Weight of the latent states' error", in: 0...1e6) public var consistencyWeight: Float = 20
  @Setting("Weight of the rewards' cross-entropy", in: 0...1e6) public var rewardWeight: Float = 0.1
  @Setting("Weight of the values' cross-entropy", in: 0...1e6) public var valueWeight: Float = 0.1
  @Setting("Whether terminations are predicted and end plans: for tasks whose episodes can terminate")
  public var learnsTermination: Bool = false
  @Setting("Weight of the terminations' cross-entropy", in: 0...1e6) public var terminationWeight: Float = 1
  @Setting("Weight of the policy's entropy", in: 0...1e3) public var entropyWeight: Float = 1e-4
  @Setting("Least logarithm of the policy's standard deviation", in: -50...50) public var logStdMin: Float = -10
  @Setting("Greatest logarithm of the policy's standard deviation", in: -50...50) public var logStdMax: Float = 2
  @Setting("Learning rate", in: 1e-7...1) public var learningRate: Float = 3e-4
  @Setting("Learning rate of the encoder relative to the others", in: 1e-6...100)
  public var encoderRateFactor: Float = 0.3
  @Setting("Greatest norm of a gradient", in: 1e-6...1e9) public var gradientLimit: Float = 20
  @Setting("Share that target networks, and the scale of values, move at an update", in: 0...1) public var tau: Float =
    0.01
  @Setting("Discount of a step; auto is by the length of episodes, at least 0.95 and at most 0.995", in: 0...1)
  public var discount: Float? = nil
}
