import Configuration
import Learners
import Models

/// Settings of tabular Dyna.
public struct DynaQSettings: Configuration {
  public init() {}
  @Setting("Imagined steps after each real one", in: 0...1_000_000) public var planningSteps: Int = 5
  @Setting(
    "Bonus of an imagined action for each square root of a step that it has not been tried; 0 is Dyna-Q, more Dyna-Q+",
    in: 0...1000)
  public var kappa: Double = 0
}

/// Settings of the agent `dyna-q`.
struct DynaQAgentSettings: Configuration {
  init() {}
  @SettingGroup("Imagined steps") var agent = DynaQSettings()
  @SettingGroup("Model") var model = TabularModelSettings()
  @SettingGroup("Action values") var learner = TabularQSettings()
}
