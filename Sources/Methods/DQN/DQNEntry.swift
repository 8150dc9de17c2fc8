import Laboratory
import Learners

extension AgentEntry {
  /// Deep Q-learning, its parts one by one, all of them together, and other rates of its three processes.
  public static let deepQ: [AgentEntry] = [
    deepQ(
      "dqn", "deep Q-network, double or dueling, for discrete actions and for images",
      presets: deepQPresets + pixelPresets,
      tiny: ["learner.dueling=true", "learner.epsilon_steps=60"]),
    deepQ(
      "double-dqn", "DQN whose targets value the online network's choice", presets: deepQPresets,
      tiny: ["returns.correction=retrace", "returns.target_epsilon=0.1", "agent.return_steps=3"]
    ) { $0.learner.double = true },
    deepQ(
      "dueling-dqn", "double DQN with state value and advantages apart", presets: deepQPresets,
      tiny: ["learner.exploration=boltzmann"]
    ) { $0.learner.dueling = true },
    deepQ("per-dqn", "double DQN with prioritised replay", presets: deepQPresets) { $0.replay.order = .prioritized },
    deepQ("c51", "DQN with categorical distributions of returns", presets: deepQPresets) {
      $0.learner.double = false
      $0.learner.distribution = .categorical
    },
    deepQ("qr-dqn", "DQN with quantiles of returns", presets: deepQPresets, tiny: ["learner.dueling=true"]) {
      $0.learner.double = false
      $0.learner.distribution = .quantile
    },
    deepQ(
      "noisy-dqn", "double DQN that explores by noise on its weights",
      presets: deepQPresets(without: ["learner.epsilon"])
    ) {
      $0.learner.explorationByNoise()
    },
    deepQ(
      "rainbow", "double, dueling, prioritised, three steps, categorical, noisy: all of DQN's parts",
      presets: deepQPresets(without: ["learner.epsilon", "agent.return_steps"])
    ) {
      $0.learner.dueling = true
      $0.learner.distribution = .categorical
      $0.learner.explorationByNoise()
      $0.agent.returnSteps = 3
      $0.replay.order = .prioritized
      $0.replay.alpha = 0.5
    },
    deepQ(
      "online-q", "Q-learning on the newest steps alone, without replay or target network",
      tiny: ["agent.batch_size=1", "agent.random_steps=0", "actors.refresh_interval=9"]
    ) {
      $0.agent.replayCapacity = 1
      $0.agent.batchSize = 1
      $0.agent.randomSteps = 0
      $0.replay.order = .newest
      $0.learner.double = false
      $0.learner.targetInterval = 1
    },
    deepQ(
      "batch-q", "Q-learning in loops: steps collected, then targets moved and regressed on, many times",
      tiny: ["agent.train_interval=20", "agent.updates=20"]
    ) {
      $0.agent.trainInterval = 1000
      $0.agent.updates = 1000
      $0.learner.double = false
      $0.learner.targetInterval = 100
    },
  ]

  /// Acrobot-v1 after rl-zoo3 (`hyperparams/dqn.yml`), with half of its widths and returns of three steps; MountainCar-v0
  /// with its settings, such returns and a learning rate that falls; CartPole-v1 and LunarLander-v3 with those of the
  /// studies `dqn-cartpole` and `deep-q`.
  private static let deepQPresets: [AgentPreset] = [
    AgentPreset(
      ["CartPole-v1"],
      [
        "agent.batch_size=64", "agent.return_steps=10", "agent.replay_capacity=50000", "learner.learning_rate=0.001",
      ]),
    AgentPreset(
      ["Acrobot-v1"],
      [
        "agent.batch_size=128", "agent.replay_capacity=50000", "agent.train_interval=4", "agent.updates=2",
        "agent.return_steps=3", "learner.learning_rate=0.00063", "learner.epsilon_steps=14400",
        "learner.epsilon_end=0.1",
      ]),
    AgentPreset(
      ["MountainCar-v0"],
      [
        "agent.batch_size=128", "agent.replay_capacity=10000", "agent.train_interval=16", "agent.updates=8",
        "agent.return_steps=3", "learner.hidden=[256,256]", "learner.learning_rate=0.004",
        "learner.learning_rate_steps=120000", "learner.discount=0.98",
        "learner.target_interval=300", "learner.epsilon_steps=24000", "learner.epsilon_end=0.07",
      ]),
    AgentPreset(
      ["gymnasium:LunarLander-v3"],
      [
        "agent.replay_capacity=300000", "agent.train_interval=4", "agent.updates=4", "agent.batch_size=128",
        "agent.return_steps=3", "learner.dueling=true", "learner.learning_rate_steps=300000",
        "learner.target_interval=1", "learner.tau=0.005", "learner.epsilon_steps=50000", "learner.epsilon_end=0.02",
      ]),
  ]

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

  /// The presets for agents that have settings of those names from elsewhere.
  private static func deepQPresets(without names: [String]) -> [AgentPreset] {
    deepQPresets.map { preset in
      AgentPreset(
        preset.environments, preset.settings.filter { setting in !names.contains { setting.hasPrefix($0) } })
    }
  }
}

extension DeepQNetworkSettings {
  /// Noise on the weights in place of random actions.
  fileprivate mutating func explorationByNoise() {
    noisy = true
    epsilonStart = 0
    epsilonEnd = 0
  }
}
