import Laboratory
import Learners

extension AgentEntry {
  /// Trust region policy optimization.
  public static let trustRegionPolicyOptimization = onPolicy(
    "trpo", summary: "trust region policy optimization: natural gradient with a line search, any actions",
    secondsPerStep: 1e-4, presets: trustRegionPresets,
    tiny: TinyRun(
      in: "Pendulum-v1",
      [
        "agent.steps=20", "run.copies=1", "learner.natural.iterations=4", "learner.natural.value_epochs=2",
        "learner.policy.hidden=[8,8]",
      ]),
    settings: TRPOSettings.self,
    policy: { $0.learner.policy },
    rule: { .steps($0.agent.steps) },
    make: { settings, spec, random in TrustRegionPolicyOptimization(settings.learner, spec: spec, using: random) })

  private static let normalized = [
    "environment.wrappers.normalize_observations=true", "environment.wrappers.normalize_rewards=true",
  ]
  private static let mujoco =
    normalized + [
      "run.copies=2", "agent.steps=1024", "learner.natural.iterations=25", "learner.natural.value_epochs=20",
    ]

  /// Tuned settings of rl-zoo3 (`hyperparams/trpo.yml`), without its noise that depends on the state (gSDE).
  /// Divergences there are averages over a Gaussian's components, here their sums: the same limit makes for smaller
  /// steps.
  private static let trustRegionPresets: [AgentPreset] = [
    AgentPreset(
      ["CartPole-v1"],
      [
        "run.copies=2", "agent.steps=512", "learner.natural.batch_size=512", "learner.natural.damping=0.001",
        "learner.lambda=0.98", "learner.natural.value_epochs=20",
      ]),
    AgentPreset(
      ["Pendulum-v1"],
      ["run.copies=2", "agent.steps=1024", "learner.discount=0.9", "learner.natural.value_epochs=15"]),
    AgentPreset(["Acrobot-v1"], normalized + ["run.copies=2", "agent.steps=1024"]),
    AgentPreset(
      ["MountainCar-v0"], normalized + ["run.copies=2", "agent.steps=1024", "learner.natural.value_epochs=20"]),
    AgentPreset(
      ["gymnasium:LunarLander-v3"],
      [
        "run.copies=2", "agent.steps=512", "learner.natural.damping=0.01", "learner.lambda=0.98",
        "learner.natural.value_epochs=15",
      ]),
    AgentPreset(["HalfCheetah-v4", "HalfCheetah-v5"], mujoco + ["learner.natural.max_divergence=0.04"]),
    AgentPreset(
      [
        "Hopper-v4", "Hopper-v5", "Walker2d-v4", "Walker2d-v5", "Ant-v4", "Ant-v5", "Humanoid-v4", "Humanoid-v5",
        "Reacher-v4", "Reacher-v5",
      ], mujoco),
    // with a constant limit the policy is lost again once its spread has shrunk to a few hundredths
    AgentPreset(
      ["InvertedPendulum-v4", "InvertedPendulum-v5"], mujoco + ["learner.natural.divergence_steps=1000000"]),
    AgentPreset(
      ["Swimmer-v4", "Swimmer-v5"],
      mujoco + ["environment.wrappers.reward_discount=0.9999", "learner.discount=0.9999"]),
  ]
}
