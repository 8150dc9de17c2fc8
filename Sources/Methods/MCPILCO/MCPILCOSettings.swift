import Configuration
import Learners

/// Settings of the agent `mc-pilco`.
struct MCPILCOSettings: Configuration {
  init() {}
  @SettingGroup("Schedule and replay") var agent = PolicySearchSettings()
  @SettingGroup("Policy and search") var learner = Self.short
  @SettingGroup(inline: "World") var world = WorldSettings(.gaussianProcess)

  /// Trainings of some seconds, as many as there are.
  private static var short: ParticleSearchSettings {
    var settings = ParticleSearchSettings()
    (settings.particles, settings.bases, settings.updates, settings.finalLearningRate) = (32, 100, 150, 0.005)
    return settings
  }
}
