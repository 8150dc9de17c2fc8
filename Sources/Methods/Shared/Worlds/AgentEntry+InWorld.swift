import Configuration
import Interfaces
import Kernels
import Laboratory

extension AgentEntry {
  /// An agent that trains a learner in a world.
  static func inWorld<Schedule: Configuration, Learner: OffPolicyLearner & SendableMetatype>(
    _ name: String, _ summary: String, secondsPerStep: Double, presets: [AgentPreset] = [], tiny: TinyRun,
    _ learner: Learner.Settings, _ schedule: Schedule,
    make: @escaping @Sendable (Schedule, Learner, any LearnedWorld, EnvironmentSpec, RandomStream) -> any Agent
  ) -> AgentEntry {
    AgentEntry(
      name, summary: summary, secondsPerStep: secondsPerStep, presets: presets, tiny: tiny,
      defaults: LearnerInWorldSettings<Schedule, Learner>(schedule, learner),
      resolve: { settings, environment throws(ConfigurationError) in
        try refuse(name, Learner.objection(to: environment.spec.action), in: environment)
        try Learner.check(settings.learner, for: environment.spec)
        try settings.world.resolve(for: environment)
      },
      make: { settings, environment, random throws(ConfigurationError) in
        make(
          settings.agent, Learner(settings.learner, for: environment.spec, using: random.child("learner")),
          settings.world.make(for: environment, using: random), environment.spec, random.child("agent"))
      })
  }
}
