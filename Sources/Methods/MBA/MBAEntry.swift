import Kernels
import Configuration
import Interfaces
import Laboratory
import Learners

extension AgentEntry {
  /// NAF with imagination rollouts.
  public static let modelBasedAcceleration = AgentEntry(
    "mba", summary: "model-based acceleration: NAF with imagination rollouts in a fitted model", secondsPerStep: 0.02,
    tiny: TinyRun(
      in: "Pendulum-v1",
      TinyRun.learning + [
        "environment.step_limit=15", "imagination.rollouts=4", "imagination.length=3", "imagination.interval=3",
        "imagination.updates=2", "imagination.end=100", "time_varying_linear.episodes=3",
      ]),
    defaults: AccelerationSettings(),
    resolve: { settings, environment throws(ConfigurationError) in
      try settings.agent.refuseDataset("mba")
      try refuse("mba", NormalizedAdvantageFunction.objection(to: environment.spec.action), in: environment)
      try settings.world.resolve(for: environment)
    },
    make: { settings, environment, random throws(ConfigurationError) in
      let learner = NormalizedAdvantageFunction(
        settings.learner, for: environment.spec, using: random.child("learner"))
      func agent(_ world: some LearnedWorld) -> any Agent {
        ModelBasedAcceleration(
          settings.agent, settings.imagination, learner: learner, world: world, spec: environment.spec,
          using: random.child("agent"))
      }
      return agent(settings.world.make(for: environment, using: random))
    })
}
