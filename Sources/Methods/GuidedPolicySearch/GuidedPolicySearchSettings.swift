import Configuration
import Learners
import Models

/// Who collects the trajectories of guided policy search.
public enum GuidedSampling: String, CaseIterable, SettingValue, Sendable {
  /// The local controllers.
  case local
  /// The global policy, once it has been taught.
  case global
}

/// Settings of guided policy search, whatever the coupling.
public struct GuidedSearchSettings: Configuration {
  public init() {}
  @Setting("Components of the observation that the global policy sees; empty: all", in: 0...)
  public var observed: [Int] = []
  @Setting("Who collects trajectories") public var sampling: GuidedSampling = .local
}

/// Settings of the coupling by Lagrange multipliers.
public struct MultiplierCouplingSettings: Configuration {
  public init() {}
  @Setting("Rounds of controllers, policy and multipliers in an iteration", in: 1...1000) public var rounds: Int = 2
  @Setting("Weight nu of the KL divergence between controllers and policy at the start", in: 1e-12...1e12)
  public var weight: Double = 0.01
  @Setting("Smallest weight nu", in: 1e-12...1e12) public var minimalWeight: Double = 1e-4
  @Setting("Largest weight nu", in: 1e-12...1e12) public var maximalWeight: Double = 100
  @Setting("Rate of the multipliers, in units of nu", in: 0...10) public var rate: Double = 0.1
  @Setting("Iterations before weights adapt", in: 0...1_000_000) public var fixedIterations: Int = 1

  public func validate() throws(ConfigurationError) {
    if minimalWeight > weight || weight > maximalWeight {
      throw ConfigurationError("weight", "must lie between minimal_weight and maximal_weight")
    }
  }
}

/// How local controllers and the global policy are brought together.
public enum PolicyCoupling: Sendable {
  /// Lagrange multipliers on the mean actions and a weighted divergence: the Bregman alternating direction method of
  /// multipliers (Levine, Finn, Darrell and Abbeel 2016).
  case multipliers(MultiplierCouplingSettings)
  /// Controllers stay within a divergence of the linearized policy, which then follows them: mirror descent (Montgomery
  /// and Levine 2016).
  case mirror
}

/// Settings of guided policy search by mirror descent.
struct GuidedMirrorSettings: Configuration {
  init() {}
  @SettingGroup("Iterations and controllers") var agent = LQRFLMSettings()
  @SettingGroup("Global policy's part") var guided = GuidedSearchSettings()
  @SettingGroup("Global policy") var policy = PolicyRegressionSettings()
  @SettingGroup("Local dynamics") var model = FittedDynamicsSettings()
  @SettingGroup("Linearization of the global policy") var linearization = LinearGaussianRegressionSettings.ofPolicies
}

/// Settings of guided policy search by multipliers.
struct GuidedMultiplierSettings: Configuration {
  init() {}
  @SettingGroup("Iterations and controllers") var agent = LQRFLMSettings()
  @SettingGroup("Global policy's part") var guided = GuidedSearchSettings()
  @SettingGroup("Multipliers and weights") var coupling = MultiplierCouplingSettings()
  @SettingGroup("Global policy") var policy = PolicyRegressionSettings()
  @SettingGroup("Local dynamics") var model = FittedDynamicsSettings()
  @SettingGroup("Linearization of the global policy") var linearization = LinearGaussianRegressionSettings.ofPolicies
}

extension LinearGaussianRegressionSettings {
  /// Only the newest trajectories show the policy as it is.
  static var ofPolicies: LinearGaussianRegressionSettings {
    var settings = LinearGaussianRegressionSettings()
    settings.history = 1
    return settings
  }
}
