import Laboratory
import Learners

extension AgentEntry {
  /// Deep Q-network.
  public static let dqn = offPolicy(
    "dqn", "deep Q-network, double or dueling, for discrete actions", DeepQNetwork.self, secondsPerStep: 0.002,
    tiny: TinyRun(
      in: "CartPole-v1",
      TinyRun.learning + ["learner.dueling=true", "learner.target_interval=7", "learner.epsilon_steps=60"]))
}
