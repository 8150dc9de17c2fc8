import Laboratory
import Learners

extension AgentEntry {
  /// CrossQ.
  public static let crossQ = offPolicy(
    "crossq", "CrossQ: soft actor-critic with batch renormalization and without target networks", CrossQ.self,
    schedule: OffPolicySettings(randomSteps: 5000), secondsPerStep: 0.02, presets: presets,
    tiny: TinyRun(in: "Pendulum-v1", TinyRun.learning + ["learner.critic_hidden=[16,16]"]))

  /// Settings of rl-zoo3 for Pendulum.
  private static let presets = [
    AgentPreset(["Pendulum-v1"], ["agent.random_steps=1000", "learner.policy_interval=2"])
  ]
}
