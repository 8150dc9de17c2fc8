import Configuration
import Learners

/// When an agent that improves its policy by gradients through a model fits and trains.
public struct ModelGradientSettings: Configuration {
  public init() {}
  @Setting("Transitions held for fitting and as starts", in: 1...100_000_000) public var replayCapacity: Int = 1_000_000
  @Setting("Start states in an update", in: 1...65536) public var batchSize: Int = 128
  @Setting("Steps with uniformly random actions at the start", in: 1...10_000_000) public var randomSteps: Int = 200
  @Setting("Steps between fits of the model", in: 1...10_000_000) public var fitInterval: Int = 200
  @Setting("Steps between trainings", in: 1...100_000) public var trainInterval: Int = 1
  @Setting("Updates of the policy in a training", in: 1...100_000) public var updates: Int = 1
}

/// Settings of the agent `policy-backpropagation`.
struct PolicyBackpropagationAgentSettings: Configuration {
  init() {}
  @SettingGroup("Schedule and replay") var agent = ModelGradientSettings()
  @SettingGroup("Policy, critics and gradients") var learner = PolicyBackpropagationSettings()
  @SettingGroup(inline: "World") var world = WorldSettings()
}
