import Configuration
import Interfaces
import Laboratory
import Models
import Planners

extension AgentEntry {
  /// PETS with each planner of continuous actions.
  ///
  /// - Parameter registry: where agents of saved runs are found, for `agent.base_run`.
  public static func pets(_ registry: @escaping @Sendable () -> Registry) -> [AgentEntry] {
    let sampling = tinyPlanning + ["planner.population=12"]
    let refining = sampling + ["planner.elites=4", "planner.iterations=2"]
    return [
      planning(
        "pets", "PETS: plans with CEM in a probabilistic ensemble", CrossEntropy.self, tiny: refining, registry),
      planning(
        "pets-original", "PETS with the networks and fits of its authors' code on cart-pole", CrossEntropy.self,
        in: WorldSettings(model: .originalCartPole), tiny: refining, registry),
      planning("pets-icem", "PETS with the iCEM planner", ImprovedCrossEntropy.self, tiny: refining, registry),
      planning(
        "pets-cma-es", "PETS with the CMA-ES planner", CovarianceAdaptationSearch.self,
        tiny: sampling + ["planner.iterations=3"], registry),
      planning("pets-mppi", "PETS with the MPPI planner", PathIntegral.self, tiny: sampling, registry),
      planning("pets-random-shooting", "PETS with random shooting", RandomShooting.self, tiny: sampling, registry),
      planning(
        "pets-gradient", "PETS with gradient ascent through the ensemble", GradientAscent.self,
        tiny: tinyPlanning + ["planner.restarts=3", "planner.iterations=2"], registry),
      planning(
        "pets-ilqr", "PETS with iLQR in the ensemble's expectation", TrajectoryOptimization.self,
        tiny: tinyPlanning + ["planner.iterations=2"], registry),
    ]
  }

  static let tinyPlanning = TinyRun.planning + ["planner.horizon=4"]

  /// An agent that plans with one planner: by default PETS with that planner.
  ///
  /// - Parameters:
  ///   - search: the planner's settings by default.
  ///   - world: what it plans in by default.
  ///   - agent: its schedule by default.
  ///   - presets: defaults that differ in some environments.
  ///   - tiny: settings of a run in Pendulum that is over in seconds.
  ///   - registry: where agents of saved runs are found, for `agent.base_run`.
  static func planning<Search: Planner>(
    _ name: String, _ summary: String, secondsPerStep: Double = 0.5, _: Search.Type,
    _ search: Search.Settings = Search.defaults, in world: WorldSettings = WorldSettings(),
    agent: PlanningSettings = PlanningSettings(), presets: [AgentPreset] = [], tiny: [String],
    _ registry: @escaping @Sendable () -> Registry
  ) -> AgentEntry {
    AgentEntry(
      name, summary: summary, secondsPerStep: secondsPerStep, presets: presets, tiny: TinyRun(in: "Pendulum-v1", tiny),
      defaults: PlanningAgentSettings<Search>(search, in: world, agent: agent),
      resolve: { settings, environment throws(ConfigurationError) in
        if !Search.plans(environment.spec.action) { _ = try continuous(environment, for: name) }
        try settings.world.resolve(for: environment, needing: WorldNeed(Search.need))
        try settings.agent.checkReplanning(
          horizon: Search(settings.planner, for: environment.spec.action).horizon)
      },
      make: { settings, environment, random throws(ConfigurationError) in
        let base = try settings.agent.base(in: environment, registry: registry())
        return planningAgent(
          settings.agent, Search(settings.planner, for: environment.spec.action),
          in: settings.world.make(for: environment, using: random), base: base, environment.spec, random)
      })
  }
}
