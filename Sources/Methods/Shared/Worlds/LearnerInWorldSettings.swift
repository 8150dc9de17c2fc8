import Configuration
import Interfaces
import Models

/// Settings of an agent that trains a learner in a world: its schedule, its learner and its world.
struct LearnerInWorldSettings<Schedule: Configuration, Learner: OffPolicyLearner>: Configuration {
  init() {}

  /// Schedule and learner as they are by default in this agent.
  init(_ agent: Schedule, _ learner: Learner.Settings) {
    self.agent = agent
    self.learner = learner
  }

  @SettingGroup("Schedule, replay and imagination") var agent = Schedule()
  @SettingGroup("Learner") var learner = Learner.Settings()
  @SettingGroup(inline: "World") var world = WorldSettings(model: .policyOptimization)
}

extension EnsembleSettings {
  /// The model of MBPO (Janner et al. 2019), as in the original's code: 5 elites of 7 members, rewards predicted, fits until
  /// the holdout error of no member has improved for 5 passes.
  static var policyOptimization: EnsembleSettings {
    var settings = EnsembleSettings()
    settings.members = 7
    settings.elites = 5
    settings.hidden = [200, 200, 200, 200]
    settings.weightDecay = [2.5e-5, 5e-5, 7.5e-5, 7.5e-5, 1e-4]
    settings.batchSize = 256
    settings.epochs = 10_000
    settings.holdout = 0.2
    settings.learnsReward = true
    return settings
  }
}
