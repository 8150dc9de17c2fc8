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
  ]

  /// Model-based value expansion around a learner.
  public static func valueExpansion<Learner: ValueLearner & SendableMetatype>(
    _ name: String, _: Learner.Type, title: String = Learner.title, defaults: Learner.Settings = .init(),
    tiny: TinyRun
  ) -> AgentEntry {
    inWorld(
      name, "model-based value expansion: \(title) with targets that look ahead in a learned world",
      secondsPerStep: 0.03, tiny: tiny, defaults, ModelBasedValueExpansionSettings.self
    ) { (settings, learner: Learner, world, spec, random) in
      func agent(_ world: some LearnedWorld) -> any Agent {
        ModelBasedValueExpansion(settings, learner: learner, world: world, spec: spec, using: random)
      }
      return agent(world)
    }
  }
}
