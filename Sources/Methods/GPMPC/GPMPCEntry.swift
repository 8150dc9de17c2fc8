import Configuration
import Laboratory
import Models
import Planners

extension AgentEntry {
  /// Planning in Gaussian processes that are fitted every 50 steps: `pets-icem` with another world and schedule.
  ///
  /// - Parameter registry: where agents of saved runs are found, for `agent.base_run`.
  public static func gaussianProcessPlanning(_ registry: @escaping @Sendable () -> Registry) -> AgentEntry {
    var schedule = PlanningSettings()
    (schedule.particles, schedule.fitInterval) = (1, 50)
    var model = GaussianProcessSettings()
    model.samples = false
    return planning(
      "gp-mpc", "plans with iCEM in Gaussian processes, for tasks that have to be learned in some hundred steps",
      secondsPerStep: 0.06, ImprovedCrossEntropy.self, in: WorldSettings(.gaussianProcess, gaussianProcess: model),
      agent: schedule,
      // with episodes of 200 steps the whole of the first is random, and half of 400 steps
      presets: [AgentPreset(["Pendulum-v1", "cartpole-swingup"], ["run.episode_steps=50"])],
      tiny: tinyPlanning + [
        "planner.population=12", "planner.elites=4", "planner.iterations=2", "gp.points=40", "gp.iterations=5",
      ], registry)
  }
}
