import Configuration
import Learners

/// Settings of the processes of QT-Opt and of how fast each runs beside the others.
public struct QTOptSettings: Configuration {
  public init() {}
  @Setting("Newest transitions, held by online replay", in: 1...100_000_000) public var onlineCapacity: Int = 10_000
  @Setting("Older transitions and those of episode files, held by log replay", in: 1...100_000_000)
  public var logCapacity: Int = 1_000_000
  @Setting("Share of the labelled transitions that come from log replay, while it has any", in: 0...1)
  public var logShare: Float = 0.5
  @Setting("Labelled transitions held for training", in: 1...100_000_000) public var trainCapacity: Int = 2000
  @Setting("Labelled transitions in a training batch", in: 1...65536) public var batchSize: Int = 128
  @Setting("Steps with uniformly random actions at the start", in: 0...10_000_000) public var randomSteps: Int = 1000
  @Setting("Transitions that the Bellman updaters label for each environment step", in: 0...1_000_000)
  public var labelsPerStep: Int = 128
  @Setting("Transitions labelled together", in: 1...65536) public var labelBatch: Int = 128
  @Setting("Training steps for each labelled transition", in: 0...1000) public var updatesPerLabel: Double = 0.0078125
  @Setting("Training steps after which the Bellman updaters get the newest target critic", in: 1...1_000_000)
  public var updaterInterval: Int = 10
  @Setting("Training steps after which the collectors get the newest critic", in: 1...1_000_000)
  public var collectorInterval: Int = 10
  @Setting("Folder of episode files (foresight collect) that log replay takes in; auto for none") public var logFolder:
    String? = nil
  @Setting("Steps between looks into the folder", in: 1...1_000_000) public var logInterval: Int = 200
}

/// Settings of QT-Opt: its processes and its critic.
struct QTOptAgentSettings: Configuration {
  init() {
    var learner = MaximizedQLearningSettings()
    learner.averagedPolicy = true
    learner.epsilon = 0.1
    learner.noise = 0
    self.learner = learner
  }

  @SettingGroup("Processes and replay") var agent = QTOptSettings()
  @SettingGroup("Critic") var learner = MaximizedQLearningSettings()
}
