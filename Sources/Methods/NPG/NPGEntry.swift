import Laboratory
import Learners

extension AgentEntry {
  /// Natural policy gradient.
  public static let naturalPolicyGradient = onPolicy(
    "npg", summary: "natural policy gradient with steps of a given divergence, any actions", secondsPerStep: 1e-4,
    presets: [
      AgentPreset(
        ["CartPole-v1"],
        [
          "run.copies=2", "agent.steps=512", "learner.natural.batch_size=512", "learner.lambda=0.98",
          "learner.natural.value_epochs=20",
        ])
    ],
    tiny: TinyRun(
      in: "CartPole-v1",
      [
        "agent.steps=20", "run.copies=2", "learner.natural.iterations=4", "learner.natural.value_epochs=2",
        "learner.policy.hidden=[8,8]",
      ]),
    settings: NPGSettings.self,
    policy: { $0.learner.policy },
    rule: { .steps($0.agent.steps) },
    make: { settings, spec, random in NaturalPolicyGradient(settings.learner, spec: spec, using: random) })
}
