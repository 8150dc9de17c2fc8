import Laboratory
import Learners

extension AgentEntry {
  /// Randomized ensembled double Q-learning.
  public static let redq = offPolicy(
    "redq", "randomized ensembled double Q-learning: soft actor-critic with ten critics and twenty updates a step",
    SoftActorCritic.self, schedule: OffPolicySettings(randomSteps: 5000, updates: 20), defaults: defaults,
    secondsPerStep: 0.6,
    presets: AgentPreset.mujocoTargetEntropies,
    tiny: TinyRun(
      in: "Pendulum-v1",
      TinyRun.learning + ["agent.updates=2", "learner.critics=3", "learner.policy_interval=2", "agent.random_steps=20"])
  )

  private static var defaults: SoftActorCriticSettings {
    var settings = SoftActorCriticSettings()
    settings.critics = 10
    settings.ascent = .mean
    settings.policyInterval = 20
    return settings
  }
}
