import Configuration
import Learners

/// Settings of the schedule and replay of `td-mpc2`; steps are decisions, of all copies.
public struct TDMPC2ScheduleSettings: Configuration {
  public init() {}
  @Setting("Transitions held for replay", in: 1...100_000_000) public var replayCapacity: Int = 1_000_000
  @Setting("Stretches of transitions in a training batch", in: 1...65536) public var batchSize: Int = 256
  @Setting(
    "Steps with uniformly random actions at the start; auto is five episodes, at least 1,000", in: 0...10_000_000)
  public var randomSteps: Int? = nil
  @Setting("Updates when the random steps are over; auto is as many as these", in: 0...10_000_000)
  public var firstUpdates: Int? = nil
  @Setting("Updates after each step", in: 0...100_000) public var updates: Int = 1
}

/// Settings of the agent `td-mpc2`.
struct TDMPC2Settings: Configuration {
  init() {}
  @SettingGroup("Schedule and replay") var agent = TDMPC2ScheduleSettings()
  @SettingGroup("Planner") var planner = TDMPC2PlannerSettings()
  @SettingGroup("Networks and losses") var learner = TDMPC2LearnerSettings()
}
