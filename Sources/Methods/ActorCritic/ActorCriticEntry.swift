import Laboratory
import Learners

extension AgentEntry {
  /// Actor-critic, online or in batches.
  public static let actorCritic = onPolicy(
    "actor-critic", summary: "actor-critic, online with one step an update or in batches, any actions",
    secondsPerStep: 5e-5,
    tiny: TinyRun(in: "CartPole-v1", ["agent.steps=4", "learner.critic_updates=2", "learner.policy.hidden=[8]"]),
    settings: ActorCriticAgentSettings.self,
    policy: { $0.learner.policy },
    rule: { .steps($0.agent.steps) },
    make: { settings, spec, random in ActorCritic(settings.learner, spec: spec, using: random) })
}
