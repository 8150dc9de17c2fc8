import Configuration
import Interfaces
import Kernels
import Laboratory
import Models

extension AgentEntry {
  /// Policy search by moment matching in Gaussian processes.
  public static let pilco = AgentEntry(
    "pilco", summary: "searches a radial basis policy by moments of a normal state in Gaussian process dynamics",
    secondsPerStep: 2,
    tiny: TinyRun(
      in: "Pendulum-v1",
      [
        "learner.horizon=3", "learner.bases=4", "learner.iterations=2", "learner.candidates=2", "learner.draws=8",
        "agent.random_steps=20", "agent.fit_interval=25", "agent.replay_capacity=90", "gp.points=30",
        "gp.iterations=5",
      ]),
    defaults: PILCOSettings(),
    resolve: { settings, environment throws(ConfigurationError) in
      _ = try continuous(environment, for: "pilco")
      var world = WorldSettings(.gaussianProcess)
      world.gp = settings.gp
      try world.resolve(for: environment, needing: .gradients(.pathwise))
    },
    make: { settings, environment, random throws(ConfigurationError) in
      let spec = environment.spec
      let (low, high) = spec.action.bounds
      let world = KnownRewards(
        GaussianProcessModel(settings.gp, stateSize: spec.observationSize, actions: spec.action),
        environment.objective ?? UnknownObjective())
      return PolicySearchAgent(
        settings.agent, world: world,
        learner: MomentPolicySearch(settings.learner, observationSize: spec.observationSize, low: low, high: high),
        spec: spec, using: random.child("agent"))
    })
}
