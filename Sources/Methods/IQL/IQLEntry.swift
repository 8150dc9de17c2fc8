import Laboratory
import Learners

extension AgentEntry {
  /// Implicit Q-learning.
  public static let iql = offPolicy(
    "iql", "implicit Q-learning, from a dataset (--dataset) or its own steps", ImplicitQLearning.self,
    tiny: TinyRun(in: "Pendulum-v1", TinyRun.learning + ["learner.actor_decay=500"]))
}
