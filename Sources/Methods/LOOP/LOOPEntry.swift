import Configuration
import Interfaces
import Kernels
import Laboratory
import Learners
import Planners

extension AgentEntry {
  /// Short plans with a learned value at their end.
  public static let loop = AgentEntry(
    "loop", summary: "LOOP: plans some steps ahead in a learned world, with soft actor-critic's values at the end",
    secondsPerStep: 0.05,
    tiny: TinyRun(
      in: "Pendulum-v1",
      TinyRun.imagining + [
        "agent.particles=2", "planner.horizon=3", "planner.population=12", "planner.elites=4", "planner.iterations=2",
      ]),
    defaults: LOOPSettings(),
    resolve: { settings, environment throws(ConfigurationError) in
      _ = try continuous(environment, for: "loop")
      try settings.world.resolve(for: environment)
    },
    make: { settings, environment, random throws(ConfigurationError) in
      let spec = environment.spec
      let (low, high) = spec.action.bounds
      func agent(_ world: some LearnedWorld) -> any Agent {
        LookaheadAgent(
          settings.agent, learner: SoftActorCritic(settings.learner, for: spec, using: random.child("learner")),
          world: world, planner: ImprovedCrossEntropy(settings.planner, low: low, high: high), spec: spec,
          using: random.child("agent"))
      }
      return agent(settings.world.make(for: environment, using: random))
    })
}
