import Configuration
import Interfaces
import Laboratory
import Learners

extension AgentEntry {
  /// Dyna around each off-policy learner.
  public static let dyna: [AgentEntry] = [
    dyna("dyna", SoftActorCritic.self, tiny: tinyDyna(["agent.starts=initial"])),
    dyna(
      "dyna-td3", DeterministicActorCritic.self, tiny: tinyDyna(["agent.actions=replayed", "agent.rollout_steps=3"])),
    dyna(
      "dyna-ddpg", DeterministicActorCritic.self, title: "DDPG", defaults: .deepDeterministic,
      tiny: tinyDyna(["agent.actions=random"])),
    dyna("dyna-naf", NormalizedAdvantageFunction.self, tiny: tinyDyna(["agent.starts=recent"])),
    dyna("dyna-dqn", DeepQNetwork.self, tiny: tinyDyna([], in: "CartPole-v1")),
  ]

  private static func tinyDyna(_ settings: [String], in environment: String = "Pendulum-v1") -> TinyRun {
    TinyRun(in: environment, TinyRun.imagining + ["agent.imagined_updates=2"] + settings)
  }

  /// Dyna around a learner.
  public static func dyna<Learner: OffPolicyLearner & SendableMetatype>(
    _ name: String, _: Learner.Type, title: String = Learner.title, defaults: Learner.Settings = .init(),
    tiny: TinyRun
  ) -> AgentEntry {
    inWorld(
      name, "Dyna: \(title) on real and imagined batches", secondsPerStep: 0.04, tiny: tiny, defaults, DynaSettings()
    ) { (settings, learner: Learner, world, spec, random) in
      func agent(_ world: some LearnedWorld) -> any Agent {
        DynaAgent(settings, learner: learner, world: world, spec: spec, using: random)
      }
      return agent(world)
    }
  }
}
