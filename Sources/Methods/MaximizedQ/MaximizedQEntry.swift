import Laboratory
import Learners

extension AgentEntry {
  /// Q-learning that searches for the best action: uniformly, by the cross-entropy method or by CMA-ES.
  public static let maximizedQ = offPolicy(
    "maximized-q", "Q-learning whose best action is searched for: uniform samples, CEM or CMA-ES",
    MaximizedQLearning.self, secondsPerStep: 0.012,
    tiny: TinyRun(
      in: "Pendulum-v1",
      TinyRun.learning + [
        "learner.search.samples=8", "learner.search.elites=3", "learner.epsilon=0.1", "learner.lag=7",
        "learner.grid_interval=20",
      ]))
}
