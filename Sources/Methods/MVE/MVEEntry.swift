import Configuration
import Interfaces
import Laboratory
import Learners

extension AgentEntry {
  /// Model-based value expansion around each learner that has values of states.
  public static let valueExpansion: [AgentEntry] = [
    valueExpansion(
      "mve", SoftActorCritic.self, tiny: TinyRun(in: "Pendulum-v1", TinyRun.imagining + ["agent.horizon=2"])),
    valueExpansion(
      "mve-td3", DeterministicActorCritic.self,
      tiny: TinyRun(in: "Pendulum-v1", TinyRun.imagining + ["agent.td_k=false"])),
    valueExpansion(
      "mve-ddpg", DeterministicActorCritic.self, title: "DDPG", defaults: .deepDeterministic,
      tiny: TinyRun(in: "Pendulum-v1", TinyRun.imagining)),
    valueExpansion(
      "steve", SoftActorCritic.self, defaults: ensembleCritics, schedule: .weighted,
      tiny: TinyRun(in: "Pendulum-v1", TinyRun.imagining + ["agent.horizon=2", "learner.critics=3"])),
  ]

  /// Four critics, whose values are told apart.
  private static var ensembleCritics: SoftActorCriticSettings {
    var settings = SoftActorCriticSettings()
    settings.critics = 4
    return settings
  }

  /// Model-based value expansion around a learner.
  public static func valueExpansion<Learner: ValueLearner & SendableMetatype>(
    _ name: String, _: Learner.Type, title: String = Learner.title, defaults: Learner.Settings = .init(),
    schedule: ModelBasedValueExpansionSettings = .init(), tiny: TinyRun
  ) -> AgentEntry {
    inWorld(
      name,
      schedule.weighted
        ? "stochastic ensemble value expansion: \(title) with targets that weigh horizons in a learned world"
        : "model-based value expansion: \(title) with targets that look ahead in a learned world",
      secondsPerStep: schedule.weighted ? 0.1 : 0.03, tiny: tiny, defaults, schedule
    ) { (settings, learner: Learner, world, spec, random) in
      func agent(_ world: some LearnedWorld) -> any Agent {
        ModelBasedValueExpansion(settings, learner: learner, world: world, spec: spec, using: random)
      }
      return agent(world)
    }
  }
}

extension ModelBasedValueExpansionSettings {
  /// As in stochastic ensemble value expansion.
  static var weighted: ModelBasedValueExpansionSettings {
    var settings = ModelBasedValueExpansionSettings()
    (settings.weighted, settings.tdK) = (true, false)
    return settings
  }
}
