import Laboratory
import Learners

extension AgentEntry {
  /// Dropout Q-functions.
  public static let droq = offPolicy(
    "droq", "dropout Q-functions: soft actor-critic with dropout and layer normalization, twenty updates a step",
    SoftActorCritic.self, schedule: OffPolicySettings(randomSteps: 5000, updates: 20), defaults: defaults,
    secondsPerStep: 0.2,
    presets: AgentPreset.mujocoTargetEntropies,
    tiny: TinyRun(
      in: "Pendulum-v1",
      TinyRun.learning + ["agent.updates=2", "learner.policy_interval=2", "agent.random_steps=20"]))

  private static var defaults: SoftActorCriticSettings {
    var settings = SoftActorCriticSettings()
    settings.layerNormalization = true
    settings.dropout = 0.01
    settings.ascent = .mean
    settings.policyInterval = 20
    return settings
  }
}
