import Configuration
import Interfaces
import Kernels
import Laboratory
import Learners

extension AgentEntry {
  /// Policy search by particles of a Gaussian process world.
  public static let mcPILCO = AgentEntry(
    "mc-pilco", summary: "searches a radial basis policy by particles imagined in a Gaussian process world",
    secondsPerStep: 2,
    tiny: TinyRun(
      in: "Pendulum-v1",
      [
        "learner.horizon=3", "learner.particles=8", "learner.bases=6", "learner.updates=4", "learner.candidates=2",
        "agent.random_steps=20", "agent.fit_interval=25", "agent.replay_capacity=90", "gp.points=40",
        "gp.iterations=5",
      ]),
    defaults: MCPILCOSettings(),
    resolve: { settings, environment throws(ConfigurationError) in
      _ = try continuous(environment, for: "mc-pilco")
      try settings.world.resolve(for: environment, needing: .gradients(.pathwise))
    },
    make: { settings, environment, random throws(ConfigurationError) in
      let spec = environment.spec
      let (low, high) = spec.action.bounds
      func agent<World: LearnedWorld>(_ world: World) -> any Agent {
        let learner = ParticleSearch(settings.learner, observationSize: spec.observationSize, low: low, high: high)
        return PolicySearchAgent(
          settings.agent, world: world, learner: ParticlePolicySearch<World>(learner), spec: spec,
          using: random.child("agent"))
      }
      return agent(settings.world.make(for: environment, using: random))
    })
}
