import Configuration
import Interfaces

/// Settings of the policy that learners share.
public struct SharedPolicySettings: Configuration {
  public init() {}
  @Setting("Steps between distillations of the learners into the shared policy", in: 1...1_000_000)
  public var interval: Int = 1
  @Setting("Lessons of a distillation", in: 1...10_000) public var lessons: Int = 1
  @Setting("States in a lesson", in: 1...65_536) public var lessonSize: Int = 256
  @Setting("Steps before learners are drawn to the shared policy", in: 0...1_000_000_000) public var start: Int = 0
}

/// Who is evaluated where several learners share a policy.
enum SharedPolicyActor: String, CaseIterable, SettingValue {
  case shared
  case parts
}
