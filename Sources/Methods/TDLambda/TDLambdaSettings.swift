import Configuration
import Learners

/// Settings of the agent `td-lambda`.
struct TDLambdaAgentSettings: Configuration {
  init() {}
  @SettingGroup("Trials") var agent = TrialSettings()
  @SettingGroup("State values") var learner = StateValueSettings()
}

/// Trials of learning values.
public struct TrialSettings: Configuration {
  public init() {}
  @Setting("Episodes after which values start anew, so that errors are means over trials; 0 never", in: 0...1_000_000)
  public var trialEpisodes: Int = 0
}
