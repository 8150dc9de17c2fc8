import Laboratory
import Learners

extension AgentEntry {
  /// REINFORCE.
  public static let reinforce = onPolicy(
    "reinforce", summary: "REINFORCE: Monte Carlo policy gradient with a choice of baselines, any actions",
    secondsPerStep: 2e-5,
    tiny: TinyRun(
      in: "CartPole-v1",
      [
        "agent.episodes=2", "learner.policy.hidden=[8,8]", "learner.value_epochs=2",
        "environment.wrappers.time_limit=10",
      ]),
    settings: REINFORCESettings.self,
    policy: { $0.learner.policy },
    rule: { .episodes($0.agent.episodes) },
    make: { settings, spec, random in Reinforce(settings.learner, spec: spec, using: random) })
}
