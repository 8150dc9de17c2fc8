import Control
import Interfaces
import Laboratory
import Planners

extension AgentEntry {
  /// iLQR in the true dynamics of tasks whose derivatives are known: `mpc` with `search=ilqr` and `world=oracle`.
  ///
  /// - Parameter registry: where agents of saved runs are found, for `agent.base_run`.
  public static func iterativeLQR(_ registry: @escaping @Sendable () -> Registry) -> AgentEntry {
    // the original's tolerances, which single precision would not reach, and time for the first plan of an episode
    var search = IterativeLQRSettings()
    (search.iterations, search.firstIterations) = (10, 100)
    return planning(
      "ilqr", "iLQR: plans in the task's own dynamics, linearized along trajectories", secondsPerStep: 0.003,
      TrajectoryOptimization.self, search, in: WorldSettings(.oracle),
      tiny: ["planner.horizon=15", "agent.replay_capacity=1000"], registry)
  }
}
