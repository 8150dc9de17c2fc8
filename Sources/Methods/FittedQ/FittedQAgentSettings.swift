import Configuration
import Learners

/// Settings of the agent `fitted-q`.
struct FittedQAgentSettings: Configuration {
  init() {}
  @SettingGroup("Batch") var agent = FittedBatchSettings()
  @SettingGroup("Fitted Q iteration") var learner = FittedQSettings()
}

/// Where transitions come from, and when they are fitted.
struct FittedBatchSettings: Configuration {
  init() {}
  @Setting(
    "File of transitions to learn from alone, as 'foresight dataset' makes them; auto: from the agent's own steps")
  var dataset: String? = nil
  @Setting("Steps with uniformly random actions at the start", in: 0...100_000_000) var randomSteps: Int = 1000
  @Setting("Steps between fits after them, each to all transitions held", in: 1...100_000_000) var fitInterval: Int =
    1000
  @Setting("Transitions held, the latest ones", in: 1...100_000_000) var capacity: Int = 100_000
  @Setting("Probability of a random action when exploring", in: 0...1) var epsilon: Float = 0.1
}
