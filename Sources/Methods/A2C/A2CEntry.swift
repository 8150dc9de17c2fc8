import Laboratory
import Learners

extension AgentEntry {
  /// Advantage actor-critic.
  public static let advantageActorCritic = onPolicy(
    "a2c", summary: "advantage actor-critic on copies in step, any actions", secondsPerStep: 2e-5,
    presets: [
      AgentPreset(["CartPole-v1"], ["run.copies=8"]),
      AgentPreset(
        ["Acrobot-v1", "MountainCar-v0"],
        [
          "environment.wrappers.normalize_observations=true", "environment.wrappers.normalize_rewards=true",
          "run.copies=16",
        ]),
      AgentPreset(
        ["Pendulum-v1"],
        [
          "environment.wrappers.normalize_observations=true", "environment.wrappers.normalize_rewards=true",
          "run.copies=8", "agent.steps=8", "learner.lambda=0.9", "learner.value_weight=0.4",
          "learner.learning_rate_steps=1000000", "learner.policy.initial_log_std=-2", "learner.policy.orthogonal=false",
        ]),
      AgentPreset(
        ["gymnasium:LunarLander-v3"],
        [
          "run.copies=8", "learner.discount=0.995", "learner.learning_rate=0.00083",
          "learner.learning_rate_steps=200000", "learner.entropy_weight=0.00001",
        ]),
    ],
    tiny: TinyRun(in: "CartPole-v1", ["agent.steps=3", "run.copies=2", "learner.policy.hidden=[8,8]"]),
    settings: A2CSettings.self,
    policy: { $0.learner.policy },
    rule: { .steps($0.agent.steps) },
    make: { settings, spec, random in AdvantageActorCritic(settings.learner, spec: spec, using: random) })
}
