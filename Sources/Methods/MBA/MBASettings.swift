import Configuration
import Learners

/// Settings of imagined experience.
public struct ImaginationSettings: Configuration {
  public init() {}
  @Setting("Imagined steps from each start", in: 1...1000) public var length: Int = 10
  @Setting("Starts of each round, drawn from real trajectories", in: 1...100_000) public var rollouts: Int = 10
  @Setting("Real steps between rounds", in: 1...1_000_000) public var interval: Int = 10
  @Setting("Imagined transitions held", in: 1...100_000_000) public var capacity: Int = 10_000
  @Setting("Learner updates on imagined transitions for each real step", in: 0...10_000) public var updates: Int = 5
  @Setting("Whether imagined actions explore as collected ones do") public var explore: Bool = true
  @Setting("Episodes between fits of the model", in: 1...1_000_000) public var fitInterval: Int = 1
  @Setting("Episodes before the first fit", in: 1...1_000_000) public var firstFit: Int = 2
  @Setting("Real steps after which imagination ends; auto is never", in: 0...1_000_000_000) public var end: Int? = nil
  @Setting(
    "Share of the range of each observation by which imagined ones may leave it before their rollout is given up",
    in: 0...1000)
  public var margin: Float = 0.2
}

/// Settings of the agent `mba`: NAF with imagination rollouts.
struct AccelerationSettings: Configuration {
  init() {}
  @SettingGroup("Schedule and replay") var agent = OffPolicySettings()
  @SettingGroup("Imagined experience") var imagination = ImaginationSettings()
  @SettingGroup("Learner") var learner = NormalizedAdvantageFunctionSettings()
  @SettingGroup(inline: "World") var world = WorldSettings(.timeVaryingLinear)

  func validate() throws(ConfigurationError) {
    if agent.returnSteps != 1 { throw ConfigurationError("agent.return_steps", "must be 1 with imagined steps") }
  }
}
