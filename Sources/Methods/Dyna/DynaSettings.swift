import Configuration
import Imagining
import Interfaces

/// Where imagined trajectories branch off from real ones.
public enum ImaginedStarts: String, CaseIterable, SettingValue {
  /// States of all real transitions held.
  case replay
  /// States of the newest real transitions.
  case recent
  /// First states of episodes.
  case initial
}

/// Settings of a Dyna agent besides its learner and its model.
public struct DynaSettings: Configuration {
  public init() {}
  @Setting("Transitions held for replay", in: 1...100_000_000) public var replayCapacity: Int = 1_000_000
  @Setting("Transitions in a training batch", in: 1...65536) public var batchSize: Int = 256
  @Setting("Steps with uniformly random actions at the start", in: 0...10_000_000) public var randomSteps: Int = 1000
  @Setting("Steps between fits of the model", in: 1...10_000_000) public var fitInterval: Int = 250
  @Setting("Steps between trainings", in: 1...100_000) public var trainInterval: Int = 1
  @Setting("Learner updates on real batches in a training", in: 0...100_000) public var realUpdates: Int = 1
  @Setting("Learner updates on imagined batches in a training, K", in: 1...100_000) public var imaginedUpdates: Int = 10
  @Setting("Where imagination starts: states of all replay, of recent steps, or initial ones")
  public var starts: ImaginedStarts = .replay
  @Setting("Newest steps that count as recent", in: 1...100_000_000) public var recentSteps: Int = 1000
  @Setting("Who acts in imagination: policy (exploring), mode, random, or replayed (first as in reality, then policy)")
  public var actions: ImaginedActions = .policy
  @Setting("Imagined steps from each start", in: 1...10_000) public var rolloutSteps: Int = 1
}
