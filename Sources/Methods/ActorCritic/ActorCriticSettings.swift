import Configuration
import Learners

/// Settings of `actor-critic`.
struct ActorCriticAgentSettings: Configuration {
  init() {}
  @SettingGroup("Collection") var agent = CollectionSettings(steps: 1)
  @SettingGroup("Actor-critic") var learner = ActorCriticSettings()
}
