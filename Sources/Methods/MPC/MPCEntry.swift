import Configuration
import Interfaces
import Kernels
import Laboratory
import Learners

extension AgentEntry {
  /// The general planning agent: model-based reinforcement learning 0.5, 1.0 and 1.5 with any planner and world.
  ///
  /// - Parameter registry: where agents of saved runs are found, for `agent.base_run`.
  public static func modelPredictiveControl(_ registry: @escaping @Sendable () -> Registry) -> AgentEntry {
    AgentEntry(
      "mpc", summary: "plans in a world, learned or true, with any planner, open or closed loop, discrete actions too",
      secondsPerStep: 0.2,
      tiny: TinyRun(
        in: "Pendulum-v1",
        TinyRun.planning + [
          "icem.horizon=6", "icem.population=12", "icem.elites=4", "icem.iterations=2", "agent.replan_interval=3",
          "policy_prior=true", "prior.updates=20", "prior.hidden=[8]", "model.learns_reward=true",
          "model.learns_termination=true", "model.propagation=distribution", "model.score=likelihood",
        ]),
      defaults: MPCSettings(),
      resolve: { settings, environment throws(ConfigurationError) in try settings.resolve(for: environment) },
      make: { settings, environment, random throws(ConfigurationError) in
        let spec = environment.spec
        guard let planner = settings.planner(for: spec.action)?.make(settings.planners, spec.action) else {
          preconditionFailure("settings that were not resolved")
        }
        let (low, high) = spec.action.bounds
        let prior: (any PlanPrior)? =
          settings.policyPrior
          ? ClonedPolicy(
            settings.prior, observationSize: spec.observationSize, low: low, high: high, using: random.child("prior"))
          : nil
        let base = try settings.agent.base(in: environment, registry: registry())
        return planningAgent(
          settings.agent, planner, in: settings.world.make(for: environment, using: random), prior: prior, base: base,
          spec, random)
      })
  }
}
