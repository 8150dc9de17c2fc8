import Configuration
import Learners

/// Settings of divide and conquer.
struct DivideAndConquerSettings: Configuration {
  init() {}
  @SettingGroup("Schedule and replay of each part") var agent = OffPolicySettings()
  @SettingGroup("Parts") var parts = PartSettings()
  @SettingGroup("Distillation into the global policy") var shared = SharedPolicySettings()
  @SettingGroup("Global policy") var student = StudentSettings()
  @SettingGroup("Learners of the parts") var learner = SoftActorCriticSettings()

  func validate() throws(ConfigurationError) {
    if parts.episodes < parts.count {
      throw ConfigurationError("parts.episodes", "must be at least parts.count, \(parts.count)")
    }
  }
}

/// How divide and conquer divides.
struct PartSettings: Configuration {
  init() {}
  @Setting("Clusters of start observations, each with a policy of its own", in: 1...64) var count: Int = 4
  @Setting("Episodes whose starts are clustered; until then they are dealt to the parts in turns", in: 1...100_000)
  var episodes: Int = 20
  @Setting("Cost of a nat of divergence of a part's policy from the global one", in: 0...1e4)
  var divergence: Float = 0.1
  @Setting("Who is evaluated: the shared global policy or the parts' own") var evaluated: SharedPolicyActor = .shared
}
