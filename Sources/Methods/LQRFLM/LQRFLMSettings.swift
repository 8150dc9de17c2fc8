import Configuration
import Control

/// How a local controller is followed.
public enum ControllerMode: String, CaseIterable, SettingValue, Sendable {
  /// The planned actions, whatever the state (the lecture's version 0.5).
  case openLoop = "open_loop"
  /// K_t x + k_t (version 1.0).
  case feedback
  /// K_t x + k_t and noise of the controller's covariance (version 2.0).
  case gaussian
}

/// Settings of agents that improve local controllers by local models.
public struct LQRFLMSettings: Configuration {
  public init() {}
  @Setting("Trajectories of each condition in an iteration", in: 1...100_000) public var samples: Int = 5
  @Setting("How controllers are followed to collect trajectories") public var exploration: ControllerMode = .gaussian
  @Setting("How controllers are followed where an agent is measured") public var execution: ControllerMode = .feedback
  @Setting("Variance of the starts' components at least, in the predicted trajectories", in: 1e-15...1e6)
  public var startVariance: Double = 1e-6
  @Setting("Whether controllers and predicted trajectories of every iteration go to agent-trajectories.csv")
  public var details: Bool = true
  @SettingGroup("Controllers at the start") public var initial = InitialControllerSettings()
  @SettingGroup("Update of controllers within a KL divergence") public var update = ControllerUpdateSettings()
  @SettingGroup("Adaptation of the KL divergence") public var stepSize = StepSizeSettings()
}
