import Configuration
import Learners

/// Settings of `npg`.
struct NPGSettings: Configuration {
  init() {}
  @SettingGroup("Collection") var agent = CollectionSettings(steps: 2048)
  @SettingGroup("Natural policy gradient") var learner = NaturalPolicyGradientSettings()
}
