import Configuration
import Interfaces
import Kernels
import Laboratory

extension AgentEntry {
  /// The entry of a learner that is trained on replayed transitions alone.
  ///
  /// - Parameters:
  ///   - defaults: the learner's settings where they differ from its own defaults.
  ///   - updates: the learner's updates in a training by default.
  ///   - presets: defaults that differ in some environments.
  ///   - tiny: a run that is over in seconds.
  public static func offPolicy<Learner: OffPolicyLearner & SendableMetatype>(
    _ name: String, _ summary: String, _: Learner.Type, defaults: Learner.Settings = .init(),
    secondsPerStep: Double = 0.008, updates: Int = 1, presets: [AgentPreset] = [], tiny: TinyRun
  ) -> AgentEntry {
    AgentEntry(
      name, summary: summary, secondsPerStep: secondsPerStep, presets: presets, tiny: tiny,
      defaults: OffPolicyAgentSettings<Learner>(defaults, updates: updates),
      resolve: { _, environment throws(ConfigurationError) in
        try refuse(name, Learner.objection(to: environment.spec.action), in: environment)
      },
      make: { settings, environment, random throws(ConfigurationError) in
        OffPolicyAgent(
          settings.agent, learner: Learner(settings.learner, for: environment.spec, using: random.child("learner")),
          spec: environment.spec, using: random.child("agent"))
      })
  }
}
