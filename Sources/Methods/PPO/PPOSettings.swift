import Configuration
import Learners

/// Settings of `ppo`.
struct PPOSettings: Configuration {
  init() {}
  @SettingGroup("Collection") var agent = CollectionSettings(steps: 2048)
  @SettingGroup("Proximal policy optimization") var learner = ProximalPolicyOptimizationSettings()
}
