import Configuration
import Control

/// Settings of an agent that plans with iLQR in a known model.
public struct IterativeLQRAgentSettings: Configuration {
  public init() {}
  @Setting("Iterations at most for a decision with a warm start", in: 1...100_000) public var iterations: Int = 10
  @Setting("Iterations at most for the first decision of an episode", in: 1...100_000)
  public var firstIterations: Int = 100
}

/// Settings of the agent `ilqr`.
struct ILQRSettings: Configuration {
  init() {}
  @SettingGroup("Decisions") var agent = IterativeLQRAgentSettings()
  @SettingGroup("Trajectory optimization") var planner = IterativeLQRSettings()
}
