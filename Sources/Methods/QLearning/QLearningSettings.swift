import Configuration
import Learners

/// Settings of the agent `q-learning`.
struct QLearningSettings: Configuration {
  init() {}
  @SettingGroup("Action values") var learner = TabularQSettings()
}
