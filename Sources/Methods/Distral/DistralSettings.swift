import Configuration
import Learners

/// Settings of Distral.
struct DistralAgentSettings: Configuration {
  init() {}
  @SettingGroup("Schedule and replay of each task") var agent = OffPolicySettings()
  @SettingGroup("Pull towards the shared policy") var tasks = DistralSettings()
  @SettingGroup("Distillation into the shared policy") var shared = SharedPolicySettings()
  @SettingGroup("Shared policy") var student = StudentSettings()
  @SettingGroup("Learners of the tasks, 1/beta being their entropy temperature") var learner =
    SoftActorCriticSettings()
}

/// Distral's own settings.
struct DistralSettings: Configuration {
  init() {}
  @Setting("Distral's alpha: 0 leaves entropy alone, 1 the divergence from the shared policy alone", in: 0...1)
  var alpha: Float = 0.5
  @Setting("Who is evaluated: the shared policy or the tasks' own") var evaluated: SharedPolicyActor = .parts
}
