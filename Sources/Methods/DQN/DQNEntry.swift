import Laboratory
import Learners

extension AgentEntry {
  /// Deep Q-network.
  public static let dqn = offPolicy(
    "dqn", "deep Q-network, double or dueling, for discrete actions and for images", DeepQNetwork.self,
    secondsPerStep: 0.002, presets: pixelPresets,
    tiny: TinyRun(
      in: "CartPole-v1",
      TinyRun.learning + ["learner.dueling=true", "learner.target_interval=7", "learner.epsilon_steps=60"]))

  /// The five games of MinAtar, with all six actions and with those that matter.
  private static let minAtarGames = ["Asterix", "Breakout", "Freeway", "Seaquest", "SpaceInvaders"].flatMap { game in
    ["v0", "v1"].map { "gymnasium:minatar:MinAtar/\(game)-\($0)" }
  }

  private static let pixelPresets: [AgentPreset] = [
    AgentPreset(
      ["Catch"],
      [
        "agent.replay_capacity=10000", "agent.batch_size=32", "agent.random_steps=200", "learner.hidden=[64]",
        "learner.learning_rate=1e-3", "learner.target_interval=100", "learner.epsilon_steps=2000",
      ]),
    // kernels of one cell
    AgentPreset(
      ["pixel-maze"],
      [
        "agent.replay_capacity=20000", "agent.batch_size=32", "agent.random_steps=500",
        "learner.convolution=[[16,3,3],[32,3,1]]", "learner.hidden=[64]", "learner.learning_rate=1e-3",
        "learner.discount=0.95", "learner.target_interval=200", "learner.epsilon_steps=5000",
      ]),
    // MinAtar's authors: their `examples/dqn.py`
    AgentPreset(
      minAtarGames,
      [
        "agent.replay_capacity=100000", "agent.batch_size=32", "agent.random_steps=5000",
        "learner.convolution=small", "learner.hidden=[128]", "learner.double=false", "learner.optimizer=rmsprop",
        "learner.learning_rate=2.5e-4", "learner.target_interval=1000", "learner.epsilon_end=0.1",
        "learner.epsilon_steps=100000",
      ]),
  ]
}
