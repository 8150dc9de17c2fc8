import Configuration
import Interfaces

/// Settings of an off-policy agent, whatever its learner.
public struct OffPolicySettings: Configuration {
  public init() {}
  @Setting("Transitions held for replay", in: 1...100_000_000) public var replayCapacity: Int = 1_000_000
  @Setting("Transitions in a training batch", in: 1...65536) public var batchSize: Int = 256
  @Setting("Steps with uniformly random actions at the start", in: 0...10_000_000) public var randomSteps: Int = 1000
  @Setting("Steps between trainings", in: 1...100_000) public var trainInterval: Int = 1
  @Setting("Learner updates in a training", in: 1...100_000) public var updates: Int = 1
  @Setting("Steps whose rewards a target adds up before it bootstraps", in: 1...1000) public var returnSteps: Int = 1
}

/// Settings of an off-policy agent: its schedule and its learner.
struct OffPolicyAgentSettings<Learner: OffPolicyLearner>: Configuration {
  init() {}

  /// The learner's settings, and its updates in a training, as they are by default in this agent.
  init(_ learner: Learner.Settings, updates: Int = 1) {
    self.learner = learner
    agent.updates = updates
  }

  @SettingGroup("Schedule and replay") var agent = OffPolicySettings()
  @SettingGroup("Learner") var learner = Learner.Settings()
}
