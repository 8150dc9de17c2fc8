import Configuration
import Interfaces
import Laboratory

extension AgentEntry {
  /// iLQR in the true dynamics of tasks whose derivatives are known.
  public static let iterativeLQR = AgentEntry(
    "ilqr", summary: "iLQR: plans in the task's own dynamics, linearized along trajectories", secondsPerStep: 0.003,
    tiny: TinyRun(in: "Pendulum-v1", [])
  ) { (settings: ILQRSettings, environment, _) throws(ConfigurationError) in
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
