import Configuration
import Interfaces
import Kernels
import Learners
import Models

/// What local regressions are helped by.
enum DynamicsPrior: String, CaseIterable, SettingValue {
  case none
  case mixture
  case network
}

/// Settings of the dynamics of local models.
struct FittedDynamicsSettings: Configuration {
  init() {}
  @Setting("Prior of the regressions: none, a Gaussian mixture, or a network of all dynamics") var prior:
    DynamicsPrior =
      .mixture
  @SettingGroup("Regression") var regression = LinearGaussianRegressionSettings()
  @SettingGroup("Ensemble of the prior `network`; its mean is linearized") var network = EnsembleSettings.ofPriors
}

extension EnsembleSettings {
  /// Small enough to be fitted anew in every iteration.
  static var ofPriors: EnsembleSettings {
    var settings = EnsembleSettings()
    settings.members = 3
    settings.hidden = [64, 64]
    settings.weightDecay = [1e-4]
    settings.propagation = .mean
    return settings
  }
}

extension FittedDynamicsSettings {
  func validate() throws(ConfigurationError) {
    if network.propagation != .mean { throw ConfigurationError("network.propagation", "must be mean for a prior") }
    if network.learnsReward == true { throw ConfigurationError("network.learns_reward", "must be false for a prior") }
  }

  /// Hands `body` the estimator for `task`.
  func withEstimator(
    for task: TrajectoryOptimizationTask, using random: RandomStream,
    _ body: (any LinearGaussianEstimator) throws(ConfigurationError) -> any Agent
  ) throws(ConfigurationError) -> any Agent {
    var regression = regression
    if prior == .none { regression.strength = 0 }
    let (n, m) = (task.stateSize, task.actionSize)
    if prior == .network {
      let ensemble = ProbabilisticEnsemble(network, stateSize: n, actionSize: m, using: random.child("network"))
      return try body(NetworkRegression(regression, model: ensemble))
    }
    return try body(MixtureRegression(regression, inputSize: n + m, outputSize: n))
  }
}
