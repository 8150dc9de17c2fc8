import Agents
import Configuration
import Control
import Interfaces
import Laboratory

/// What can be set of an agent that plans with iLQR.
struct IterativeLQRPlanningSettings: Configuration {
  init() {}
  @SettingGroup("Decisions") var agent = IterativeLQRAgentSettings()
  @SettingGroup("Trajectory optimization") var planner = IterativeLQRSettings()
}

extension AgentEntry {
  /// iLQR in the true dynamics of tasks whose derivatives are known.
  static let iterativeLQR = AgentEntry(
    "ilqr", summary: "iLQR: plans in the task's own dynamics, linearized along trajectories", secondsPerStep: 0.003
  ) { (settings: IterativeLQRPlanningSettings, environment, _) throws(ConfigurationError) in
    func agent(_ task: some DifferentiableEnvironment) -> any Agent {
      IterativeLQRAgent(settings.agent, search: settings.planner, dynamics: task.dynamics)
    }
    _ = try continuous(environment, for: "ilqr")
    guard let task = environment.environment as? any DifferentiableEnvironment else {
      throw ConfigurationError(
        kind: .relation,
        problem: "ilqr needs a native or MuJoCo task without wrappers, such as Pendulum-v1 or Reacher-v5, whose "
          + "derivatives are known; \(environment.name) is none")
    }
    return agent(task)
  }
}
