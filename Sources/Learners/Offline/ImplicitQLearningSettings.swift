import Configuration
import Interfaces
import Networks

/// Settings of implicit Q-learning; defaults are those of Kostrikov et al. (2022) for the MuJoCo datasets, as in their code.
public struct ImplicitQLearningSettings: Configuration {
  public init() {}
  @Setting("Widths of the hidden layers of actor, critics and value", in: 1...8192) public var hidden: [Int] = [
    256, 256,
  ]
  @Setting("Nonlinearity of the hidden layers") public var activation: Activation = .relu
  @Setting("Layer normalization in the critics and the value") public var layerNormalization: Bool = false
  @Setting("Critics", in: 1...64) public var critics: Int = 2
  @Setting("Expectile of the critics' values that the value regresses on, tau; 0.5 is their mean", in: 0.01...0.999)
  public var expectile: Float = 0.7
  @Setting("Inverse temperature of the weights exp(beta advantage) in the policy's regression", in: 0...1000)
  public var inverseTemperature: Float = 3
  @Setting("Largest of these weights", in: 1e-3...1e6) public var largestWeight: Float = 100
  @Setting("Learning rate of the actor", in: 1e-7...1) public var actorLearningRate: Float = 3e-4
  @Setting("Updates over which it falls to 0 along a cosine; 0 keeps it constant", in: 0...1_000_000_000)
  public var actorDecay: Int = 1_000_000
  @Setting("Learning rate of the critics", in: 1e-7...1) public var criticLearningRate: Float = 3e-4
  @Setting("Learning rate of the value", in: 1e-7...1) public var valueLearningRate: Float = 3e-4
  @Setting("Discount of a step", in: 0...1) public var discount: Float = 0.99
  @Setting("Share of the critics that moves into their targets at each update", in: 0...1) public var tau: Float = 0.005
}
