import Configuration
import Interfaces
import Kernels
import Laboratory

extension AgentEntry {
  /// The entry of a learner that is trained on replayed transitions alone: those of its own steps, or a dataset's.
  ///
  /// - Parameters:
  ///   - schedule: settings of schedule and replay where they differ from their own defaults.
  ///   - defaults: the learner's settings where they differ from its own defaults.
  ///   - presets: defaults that differ in some environments.
  ///   - tiny: a run that is over in seconds.
  public static func offPolicy<Learner: OffPolicyLearner & SendableMetatype>(
    _ name: String, _ summary: String, _: Learner.Type, schedule: OffPolicySettings = .init(),
    defaults: Learner.Settings = .init(), secondsPerStep: Double = 0.008, presets: [AgentPreset] = [], tiny: TinyRun
  ) -> AgentEntry {
    AgentEntry(
      name, summary: summary, secondsPerStep: secondsPerStep, presets: presets, tiny: tiny,
      defaults: OffPolicyAgentSettings<Learner>(schedule, defaults),
      resolve: { settings, environment throws(ConfigurationError) in
        try refuse(name, Learner.objection(to: environment.spec.action), in: environment)
        try Learner.check(settings.learner, for: environment.spec)
      },
      make: { settings, environment, random throws(ConfigurationError) in
        OffPolicyAgent(
          settings.agent, learner: Learner(settings.learner, for: environment.spec, using: random.child("learner")),
          spec: environment.spec, dataset: try settings.agent.readDataset(for: environment),
          hindsight: try settings.hindsight.make(
            for: environment, settings.agent, using: random.child("hindsight")),
          using: random.child("agent"))
      })
  }
}
