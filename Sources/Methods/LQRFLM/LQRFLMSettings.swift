import Configuration

/// Settings of LQR with fitted local models.
struct LocalModelSettings: Configuration {
  init() {}
  @SettingGroup("Iterations and controllers") var agent = LocalSearchSettings()
  @SettingGroup("Local dynamics") var model = LocalDynamicsSettings()
}
