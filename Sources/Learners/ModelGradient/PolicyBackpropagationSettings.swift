import Configuration
import Networks

/// How the gradient of an imagined return is estimated.
public enum GradientEstimator: String, CaseIterable, SettingValue {
  /// Pathwise, through all steps, with the noise held fixed (Heess et al. 2015).
  case reparametrization
  /// By the scores of the model's densities, weighted by the returns that follow (Parmas et al. 2018, section 2.2).
  case likelihoodRatio = "likelihood_ratio"
  /// Both, combined at every step backward with weights inverse to their variances (Parmas et al. 2018, algorithm 2).
  case totalPropagation = "total_propagation"
}

/// What an imagined trajectory is worth beyond its last step.
public enum TerminalValue: String, CaseIterable, SettingValue {
  /// Rewards beyond the horizon count as 0.
  case none
  /// What a critic learned from real transitions says of the policy's action there.
  case critic
}

/// Settings of a policy that is improved by backpropagation through a model.
public struct PolicyBackpropagationSettings: Configuration {
  public init() {}
  @Setting("Imagined steps", in: 1...1000) public var horizon: Int = 10
  @Setting("Gradient estimator: reparametrization, likelihood_ratio or total_propagation")
  public var estimator: GradientEstimator = .reparametrization
  @Setting("Value of the last imagined state: none or critic") public var terminalValue: TerminalValue = .critic
  @Setting("Imagined trajectories from each start; their returns are one another's baseline", in: 1...128)
  public var particles: Int = 1
  @Setting("Whether the policy is a squashed Gaussian, reparametrized, instead of deterministic")
  public var stochastic: Bool = false
  @Setting("Weight of a stochastic policy's entropy at each imagined step", in: 0...1e3) public var entropyWeight:
    Float =
      0
  @Setting("Discount of a step", in: 0...1) public var discount: Float = 0.99
  @Setting("Widths of the hidden layers of policy and critics", in: 1...8192) public var hidden: [Int] = [128, 128]
  @Setting("Nonlinearity of the hidden layers") public var activation: Activation = .silu
  @Setting("Learning rate of the policy", in: 1e-7...1) public var learningRate: Float = 1e-3
  @Setting("Largest norm of the policy's gradient; longer ones are scaled down", in: 1e-9...1e9)
  public var gradientClip: Float = 10
  @Setting("Critics; targets and the policy take the least of their values", in: 1...16) public var critics: Int = 2
  @Setting("Learning rate of the critics", in: 1e-7...1) public var criticLearningRate: Float = 1e-3
  @Setting("Share of the critics that moves into their targets at each update", in: 0...1) public var tau: Float = 0.005
  @SettingGroup("Exploration of a deterministic policy") public var noise = ExplorationNoiseSettings()

  /// Rows that one thread takes through all steps at once: whole groups of particles.
  var rowsPerShard: Int { RowBlocks.size / particles * particles }

  public func validate() throws(ConfigurationError) {
    if entropyWeight > 0 && !stochastic {
      throw ConfigurationError("entropy_weight", "needs stochastic = true: a deterministic policy has no entropy")
    }
  }
}
