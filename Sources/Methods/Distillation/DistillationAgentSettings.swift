import Configuration
import Interfaces
import Learners

/// Who teaches.
public enum TeacherKind: String, CaseIterable, SettingValue {
  /// Learners that differ in their seeds, whose policies are averaged.
  case ensemble
  /// One learner for each task of a family.
  case tasks
}

/// Who acts.
public enum DistillationActor: String, CaseIterable, SettingValue {
  case student
  case teachers
}

/// Settings of distillation.
public struct DistillationScheduleSettings: Configuration {
  public init() {}
  @Setting("Who teaches: learners of different seeds, or one for each task of a family")
  public var teachers: TeacherKind = .ensemble
  @Setting("Learners of an ensemble", in: 1...64) public var members: Int = 5
  @Setting("Steps for which teachers learn; the student does after them", in: 1...1_000_000_000)
  public var teachingSteps: Int = 20_000
  @Setting("States in a lesson", in: 1...65_536) public var lessonSize: Int = 256
  @Setting("Lessons for each step after the teaching steps", in: 1...10_000) public var lessons: Int = 1
  @Setting("Who collects states while the student learns: itself, as in DAgger, or the teachers")
  public var collector: DistillationActor = .student
  @Setting("Who is evaluated; the teachers are while they learn") public var evaluated: DistillationActor = .student
}

/// Settings of distillation from learners of a kind.
struct DistillationAgentSettings<Learner: OffPolicyLearner>: Configuration {
  init() {}
  @SettingGroup("Schedule and replay of each teacher") var agent = OffPolicySettings()
  @SettingGroup("Teachers and lessons") var distillation = DistillationScheduleSettings()
  @SettingGroup("Student's error") var loss = DistillationSettings()
  @SettingGroup("Student") var student = StudentSettings()
  @SettingGroup("Teachers") var learner = Learner.Settings()

  func validate() throws(ConfigurationError) {
    if loss.featureWeight > 0 && distillation.teachers == .ensemble && distillation.members > 1 {
      throw ConfigurationError(
        "loss.feature_weight", "must be 0 for an ensemble, whose members have features of their own")
    }
  }
}
