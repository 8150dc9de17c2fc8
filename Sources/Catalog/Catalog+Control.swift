import Agents
import Configuration
import Control
import Environments
import Interfaces
import Laboratory

/// What can be set of an agent that plans with iLQR.
struct IterativeLQRPlanningSettings: Configuration {
  init() {}
  @SettingGroup("Decisions") var agent = IterativeLQRAgentSettings()
  @SettingGroup("Trajectory optimization") var planner = IterativeLQRSettings()
}

extension AgentEntry {
  /// iLQR in the true dynamics of tasks that have exact derivatives.
  static let iterativeLQR = AgentEntry(
    "ilqr", summary: "iLQR: plans in the task's own dynamics with exact derivatives", secondsPerStep: 0.003
  ) { (settings: IterativeLQRPlanningSettings, environment, _) throws(ConfigurationError) in
    func agent(_ task: some DifferentiableTask) -> any Agent {
      IterativeLQRAgent(settings.agent, search: settings.planner, dynamics: TaskDynamics(task))
    }
    _ = try continuous(environment, for: "ilqr")
    guard let task = environment.environment as? any DifferentiableTask else {
      throw ConfigurationError(
        kind: .relation,
        problem: "ilqr needs a task with exact derivatives and without wrappers, such as Pendulum-v1; "
          + "\(environment.name) is none")
    }
    return agent(task)
  }
}
