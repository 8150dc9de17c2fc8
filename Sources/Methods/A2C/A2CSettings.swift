import Configuration
import Learners

/// Settings of `a2c`.
struct A2CSettings: Configuration {
  init() {}
  @SettingGroup("Collection") var agent = CollectionSettings(steps: 5)
  @SettingGroup("Advantage actor-critic") var learner = AdvantageActorCriticSettings()
}
