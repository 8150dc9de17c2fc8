import Configuration

/// Settings of model-based value expansion besides its learner and its model.
public struct ModelBasedValueExpansionSettings: Configuration {
  public init() {}
  @Setting("Transitions held for replay", in: 1...100_000_000) public var replayCapacity: Int = 1_000_000
  @Setting("Transitions in a training batch", in: 1...65536) public var batchSize: Int = 256
  @Setting("Steps with uniformly random actions at the start", in: 0...10_000_000) public var randomSteps: Int = 1000
  @Setting("Learner updates after each step", in: 1...100_000) public var updates: Int = 1
  @Setting("Steps between fits of the model", in: 1...10_000_000) public var fitInterval: Int = 250
  @Setting("Imagined steps that a target looks ahead", in: 1...1000) public var horizon: Int = 3
  @Setting("Whether values are fitted at imagined states, too (the TD-k trick)") public var tdK: Bool = true
  @Setting(
    "Whether targets weigh all horizons up to that by how much the members of the world and the critics agree (STEVE), "
      + "instead of looking as far as they can"
  )
  public var weighted: Bool = false

  public func validate() throws(ConfigurationError) {
    if weighted && tdK {
      throw ConfigurationError("weighted", "needs agent.td_k=false: there is one target a transition")
    }
  }
}
