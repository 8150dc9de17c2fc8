import Configuration
import Learners

/// Settings of `kl-penalty`.
struct KLPenaltySettings: Configuration {
  init() {}
  @SettingGroup("Collection") var agent = CollectionSettings(steps: 2048)
  @SettingGroup("Policy optimization under a penalty") var learner = KLPenalizedPolicySettings()
}
