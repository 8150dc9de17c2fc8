import Laboratory
import Learners

extension AgentEntry {
  /// The surrogate under a penalty on the divergence.
  public static let klPenalty = onPolicy(
    "kl-penalty", summary: "surrogate with a KL penalty whose multiplier follows dual gradient descent, any actions",
    secondsPerStep: 1e-4,
    presets: [
      AgentPreset(
        ["CartPole-v1"],
        [
          "run.copies=8", "agent.steps=32", "learner.batch_size=256", "learner.lambda=0.8", "learner.discount=0.98",
          "learner.epochs=20", "learner.learning_rate=0.001",
        ]),
      AgentPreset(
        ["Pendulum-v1"],
        ["run.copies=4", "agent.steps=1024", "learner.discount=0.9", "learner.learning_rate=0.001"]),
    ],
    tiny: TinyRun(
      in: "Pendulum-v1",
      [
        "agent.steps=16", "run.copies=1", "learner.batch_size=24", "learner.epochs=2", "learner.policy.hidden=[8,8]",
        "learner.policy.spread=state", "learner.policy.squashed=true",
      ]),
    settings: KLPenaltySettings.self,
    policy: { $0.learner.policy },
    rule: { .steps($0.agent.steps) },
    make: { settings, spec, random in KLPenalizedPolicy(settings.learner, spec: spec, using: random) })
}
