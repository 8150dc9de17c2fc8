import Configuration
import Interfaces

/// Settings of an off-policy agent, whatever its learner.
public struct OffPolicySettings: Configuration {
  public init() {}

  /// The defaults, but for what is given.
  init(randomSteps: Int? = nil, updates: Int? = nil) {
    if let randomSteps { self.randomSteps = randomSteps }
    if let updates { self.updates = updates }
  }

  @Setting("Transitions held for replay", in: 1...100_000_000) public var replayCapacity: Int = 1_000_000
  @Setting("Transitions in a training batch", in: 1...65536) public var batchSize: Int = 256
  @Setting("Steps with uniformly random actions at the start", in: 0...10_000_000) public var randomSteps: Int = 1000
  @Setting("Steps between trainings", in: 1...100_000) public var trainInterval: Int = 1
  @Setting("Learner updates in a training", in: 1...100_000) public var updates: Int = 1
  @Setting("Steps whose rewards a target adds up before it bootstraps", in: 1...1000) public var returnSteps: Int = 1
  @Setting(
    "File of transitions to learn from alone, as 'foresight dataset' makes them; auto: from the agent's own steps")
  public var dataset: String? = nil
}

/// Settings of an off-policy agent: its schedule and its learner.
struct OffPolicyAgentSettings<Learner: OffPolicyLearner>: Configuration {
  init() {}

  /// Both groups as they are by default in an agent.
  init(_ agent: OffPolicySettings, _ learner: Learner.Settings) {
    self.agent = agent
    self.learner = learner
  }

  @SettingGroup("Schedule and replay") var agent = OffPolicySettings()
  @SettingGroup("Hindsight") var hindsight = HindsightSettings()
  @SettingGroup("Learner") var learner = Learner.Settings()
}
