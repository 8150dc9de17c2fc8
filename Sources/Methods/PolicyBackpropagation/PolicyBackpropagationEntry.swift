import Kernels
import Configuration
import Interfaces
import Laboratory
import Learners

extension AgentEntry {
  /// Backpropagation through a world into a policy.
  public static let policyBackpropagation = AgentEntry(
    "policy-backpropagation", summary: "backpropagates imagined returns through a learned model into a policy",
    secondsPerStep: 0.02,
    tiny: TinyRun(
      in: "Pendulum-v1",
      [
        "learner.hidden=[16,16]", "learner.horizon=3", "learner.estimator=total_propagation", "learner.particles=4",
        "agent.batch_size=8", "agent.random_steps=20", "agent.replay_capacity=90", "agent.fit_interval=25",
        "model.hidden=[16,16]", "model.weight_decay=[1e-4]", "model.epochs=3",
      ]),
    defaults: PolicyBackpropagationAgentSettings(),
    resolve: { settings, environment throws(ConfigurationError) in
      _ = try continuous(environment, for: "policy-backpropagation")
      try settings.world.resolve(
        for: environment,
        needing: .gradients(
          settings.learner.estimator == .reparametrization ? .pathwise : .pathwiseAndScores))
    },
    make: { settings, environment, random throws(ConfigurationError) in
      let spec = environment.spec
      let (low, high) = spec.action.bounds
      func agent(_ world: some LearnedWorld, _ head: some ActorHead) -> any Agent {
        PolicyBackpropagationAgent(
          settings.agent, world: world,
          learner: PolicyBackpropagation(
            settings.learner, head: head, observationSize: spec.observationSize, low: low, high: high,
            using: random.child("learner")),
          spec: spec, using: random.child("agent"))
      }
      let world = settings.world.make(for: environment, using: random)
      return settings.learner.stochastic
        ? agent(world, SquashedGaussianActor())
        : agent(world, DeterministicActor(exploration: settings.learner.noise.scale))
    })
}
