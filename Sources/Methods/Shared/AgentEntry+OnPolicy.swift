import Configuration
import Interfaces
import Kernels
import Laboratory
import Learners

extension AgentEntry {
  /// The entry of an on-policy method.
  ///
  /// - Parameters:
  ///   - policy: settings of the policy, `learner.policy`.
  ///   - rule: when segments are full.
  ///   - make: makes the learner.
  static func onPolicy<Settings: Configuration, Learner: OnPolicyLearner & SendableMetatype>(
    _ name: String, summary: String, secondsPerStep: Double, presets: [AgentPreset] = [], tiny: TinyRun,
    settings: Settings.Type,
    policy: @escaping @Sendable (Settings) -> PolicySettings,
    rule: @escaping @Sendable (Settings) -> SegmentRule,
    make: @escaping @Sendable (Settings, EnvironmentSpec, RandomStream) -> Learner
  ) -> AgentEntry {
    AgentEntry(
      name, summary: summary, secondsPerStep: secondsPerStep, presets: presets, tiny: tiny, defaults: Settings(),
      make: { settings, environment, random throws(ConfigurationError) in
        try policy(settings).check(in: environment, path: "learner.policy")
        return OnPolicyAgent(
          rule(settings), learner: make(settings, environment.spec, random.child("learner")), spec: environment.spec,
          using: random.child("agent"))
      })
  }
}
