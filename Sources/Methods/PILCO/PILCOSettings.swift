import Configuration
import Models

/// Settings of a policy search by moments of a normal state.
public struct MomentSearchSettings: Configuration {
  public init() {}
  @Setting("Imagined steps", in: 1...1000) public var horizon: Int = 40
  @Setting("Radial basis functions of the policy", in: 1...1000) public var bases: Int = 50
  @Setting("Most iterations of the search for the policy in a training", in: 1...100_000) public var iterations: Int =
    50
  @Setting("Random policies of which a first training starts with the best", in: 1...1000) public var candidates: Int =
    5
  @Setting("Draws that expected rewards are averages over, with their opposites", in: 2...100_000)
  public var draws: Int = 64
  @Setting(
    "Normal first states that a training averages over: one where episodes began, the others about states seen",
    in: 1...100)
  public var starts: Int = 4
  @Setting(
    "Standard deviation of the first state beyond that of the first states seen, in standard deviations of states",
    in: 1e-3...10) public var startDeviation: Float = 0.1
  @Setting("Discount of a step", in: 0...1) public var discount: Float = 1
}

/// Settings of the agent `pilco`.
struct PILCOSettings: Configuration {
  init() {}
  @SettingGroup("Schedule and replay") var agent = PolicySearchSettings()
  @SettingGroup("Policy and search") var learner = MomentSearchSettings()
  @SettingGroup("Dynamics model: Gaussian processes") var gp = GaussianProcessSettings()
}
