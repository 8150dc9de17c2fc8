import Configuration

/// Settings of LQR with fitted local models.
struct LQRFLMAgentSettings: Configuration {
  init() {}
  @SettingGroup("Iterations and controllers") var agent = LQRFLMSettings()
  @SettingGroup("Local dynamics") var model = FittedDynamicsSettings()
}
