import Configuration
import Networks

/// Settings of deterministic actor-critic methods. The defaults are TD3's, as in its authors' code;
/// `deepDeterministic` switches its three ideas off.
public struct DeterministicActorCriticSettings: Configuration {
  /// TD3 (Fujimoto et al. 2018).
  public init() {}
  @Setting("Widths of the hidden layers of actor and critics", in: 1...8192) public var hidden: [Int] = [256, 256]
  @Setting("Nonlinearity of the hidden layers") public var activation: Activation = .relu
  @Setting(
    "Numbers that products of layers of 64 and more are made of; bfloat16 is several times as fast on processors with AMX"
  )
  public var precision: ProductPrecision = .single
  @Setting("Layer normalization in the critics") public var layerNormalization: Bool = false
  @Setting("Learning rate of the actor", in: 1e-7...1) public var actorLearningRate: Float = 3e-4
  @Setting("Learning rate of the critics", in: 1e-7...1) public var criticLearningRate: Float = 3e-4
  @Setting("Discount of a step", in: 0...1) public var discount: Float = 0.99
  @Setting("Share of actor and critics that moves into their targets at each update of the policy", in: 0...1)
  public var tau: Float = 0.005
  @Setting("Critics; targets take the least of their values, the actor ascends the first", in: 1...16)
  public var critics: Int = 2
  @Setting("Updates of the critics for each of the policy and the targets", in: 1...1000) public var policyDelay: Int =
    2
  @Setting("Standard deviation of the noise on target actions, where 1 is half the range; 0 for none", in: 0...10)
  public var targetNoise: Float = 0.2
  @Setting("Largest noise on target actions", in: 0...10) public var targetNoiseClip: Float = 0.5
  @SettingGroup("Periodic resets") public var resets = NetworkResetSettings()
  @SettingGroup("Exploration") public var noise = ExplorationNoiseSettings()

  /// DDPG (Lillicrap et al. 2016) with everything else as in TD3: one critic, no delay, no noise on target actions.
  public static var deepDeterministic: DeterministicActorCriticSettings {
    var settings = DeterministicActorCriticSettings()
    settings.critics = 1
    settings.policyDelay = 1
    settings.targetNoise = 0
    return settings
  }
}
