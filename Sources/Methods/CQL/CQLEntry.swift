import Laboratory
import Learners

extension AgentEntry {
  /// Conservative Q-learning around soft actor-critic.
  public static let cql = offPolicy(
    "cql", "conservative Q-learning: SAC whose critics are lowered off the data, from a dataset (--dataset)",
    SoftActorCritic.self, defaults: .conservative, secondsPerStep: 0.1,
    tiny: TinyRun(in: "Pendulum-v1", TinyRun.learning + ["learner.conservative_actions=2"]))
}

extension SoftActorCriticSettings {
  /// Settings of Kumar et al. (2020) for the MuJoCo datasets, as in their code, whose weight of 5 is of a loss without the 1/2.
  static var conservative: SoftActorCriticSettings {
    var settings = SoftActorCriticSettings()
    settings.hidden = [256, 256, 256]
    settings.actorLearningRate = 1e-4
    settings.temperatureLearningRate = 1e-4
    settings.entropyInTargets = false
    settings.conservatism = 2.5
    return settings
  }
}
