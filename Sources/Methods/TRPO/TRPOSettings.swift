import Configuration
import Learners

/// Settings of `trpo`.
struct TRPOSettings: Configuration {
  init() {}
  @SettingGroup("Collection") var agent = CollectionSettings(steps: 2048)
  @SettingGroup("Trust region policy optimization") var learner = TrustRegionPolicyOptimizationSettings()
}
