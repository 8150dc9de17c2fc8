import Configuration
import Learners

/// Settings of `reinforce`.
struct REINFORCESettings: Configuration {
  init() {}
  @SettingGroup("Collection") var agent = EpisodeCollectionSettings()
  @SettingGroup("REINFORCE") var learner = ReinforceSettings()
}
