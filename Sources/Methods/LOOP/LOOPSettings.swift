import Configuration
import Interfaces
import Learners
import Planners

/// Settings of an agent that plans with a learned value at the end, besides learner, planner and model.
public struct LookaheadSettings: Configuration {
  public init() {}
  @Setting("Transitions held for replay", in: 1...100_000_000) public var replayCapacity: Int = 1_000_000
  @Setting("Transitions in a training batch", in: 1...65536) public var batchSize: Int = 256
  @Setting("Steps with uniformly random actions at the start", in: 0...10_000_000) public var randomSteps: Int = 1000
  @Setting("Learner updates after each step", in: 1...100_000) public var updates: Int = 1
  @Setting("Steps between fits of the model", in: 1...10_000_000) public var fitInterval: Int = 250
  @Setting("Imagined trajectories for each plan", in: 1...10_000) public var particles: Int = 5
  @Setting("Whether the learner's policy proposes where searches start") public var policyProposes: Bool = true
  @Setting("Standard deviation of noise on collected actions, where 1 is half their range", in: 0...10)
  public var noise: Float = 0.1
}

/// Settings of the agent `loop`.
struct LOOPSettings: Configuration {
  init() {}
  @SettingGroup("Schedule, replay and imagination") var agent = LookaheadSettings()
  @SettingGroup("Planner: iCEM") var planner = Self.shortPlans
  @SettingGroup("Learner") var learner = SoftActorCriticSettings()
  @SettingGroup(inline: "World") var world = WorldSettings()

  private static var shortPlans: ImprovedCrossEntropy.Settings {
    var settings = ImprovedCrossEntropy.Settings()
    (settings.horizon, settings.population, settings.elites) = (5, 100, 10)
    return settings
  }
}
