import Archive
import Configuration
import Experience
import Interfaces
import Kernels

/// Trains several learners, each in its own episodes, then distills their policies into one student.
///
/// For the first `teachingSteps` steps the learners act, each in its part of the episodes: an ensemble's in turns, a
/// family's by task. Then they stay as they are, and the student learns at replayed states what they say there. States
/// that the student itself comes to are added (Ross, Gordon and Bagnell 2011), so that it learns what to do after its
/// own errors.
public struct DistillationAgent<Learner: TeachingLearner, Student: PolicyStudent>: RowwiseAgent {
  private let settings: DistillationScheduleSettings
  private var learners: PartitionedLearners<Learner>
  /// The policy that is taught.
  package private(set) var student: Student
  private var lessons: DistillationSampler<Learner>
  private var training: RandomStream
  /// Of each copy.
  private var exploration = [RandomStream(seed: 0)]
  private var counter = StepCounter()
  /// Sums of the rewards of the episodes under way in each copy, and of those that have just ended.
  private var (totals, finishedReturns): ([Float], [Float]) = ([0], [])
  public private(set) var phases = PhaseSeconds()

  public var metricNames: [String] {
    Learner.metricNames + Student.metricNames + ["teacher_return", "student_return"]
  }

  /// An agent in an environment of `spec`, whose actions `learners`, one for each part by `rule`, and the student can
  /// take.
  public init(
    _ settings: DistillationScheduleSettings, _ schedule: OffPolicySettings, learners: [Learner], student: Student,
    rule: PartitionRule, spec: EnvironmentSpec, using random: RandomStream
  ) {
    self.settings = settings
    self.learners = PartitionedLearners(
      schedule, learners, rule: rule, observationSize: spec.observationSize, spec: spec, using: random.child("parts"))
    self.student = student
    lessons = DistillationSampler(
      count: settings.lessonSize, self.learners, featureSize: student.featureSize, spec: spec)
    training = random.child("training")
  }

  /// What the learner of `part` remembers.
  package func replay(of part: Int) -> ReplayBuffer { learners.learners[part].replay }

  /// The learner of `part`.
  package func learner(of part: Int) -> Learner { learners.learners[part].learner }

  /// Whether the student learns.
  private var studies: Bool { counter.steps > settings.teachingSteps }

  public func memoryNeeds(after steps: Int) -> [MemoryNeed] { learners.memoryNeeds(after: steps) }

  public mutating func prepare(copies: Int, for purpose: ActPurpose) {
    learners.prepare(copies: copies, for: purpose)
    guard purpose == .collect else { return }
    exploration = Array(repeating: exploration[0], count: copies)
    totals = Array(repeating: 0, count: copies)
  }

  public mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    learners.startEpisode(of: copy, for: purpose, using: random)
    guard purpose == .collect else { return }
    exploration[copy] = random.child("student")
    totals[copy] = 0
  }

  public mutating func act(
    on observation: [Float], of copy: Int, for purpose: ActPurpose, action: inout [Float]
  ) throws(NumericalFailure) {
    let part = learners.part(of: observation, in: copy, for: purpose)
    switch (purpose, studies ? (purpose == .collect ? settings.collector : settings.evaluated) : .teachers) {
    case (_, .student):
      // draws nothing to be measured
      let stream = purpose == .collect ? copy : 0
      student.act(on: observation, explore: purpose == .collect, using: &exploration[stream], action: &action)
    case (.evaluate, .teachers) where settings.teachers == .ensemble:
      lessons.decide(on: observation, with: learners, for: student, action: &action)
    case (_, .teachers): learners.act(part, on: observation, of: copy, for: purpose, action: &action)
    }
  }

  public mutating func observe(
    _ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float], of copy: Int
  ) {
    learners.observe(observation, action, outcome, next: next, of: copy)
    counter.add()
    totals[copy] += outcome.reward
    if outcome.ending != .none { finishedReturns.append(totals[copy]) }
  }

  public mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    let start = ContinuousClock.now
    defer { phases.learning += seconds(from: start) }
    let studied = counter.takeNew().beyond(settings.teachingSteps).count
    for total in finishedReturns {
      let isStudents = studied > 0 && settings.collector == .student
      metrics.record(isStudents ? "student_return" : "teacher_return", total)
    }
    finishedReturns.removeAll(keepingCapacity: true)
    guard studied > 0 else {
      return try learners.train(using: &training) { (learner, batch, random) throws(NumericalFailure) in
        try learner.update(on: batch, using: &random, metrics: &metrics)
      }
    }
    guard learners.holdsStates else { return }
    for _ in 0..<studied * settings.lessons {
      lessons.draw(from: learners, together: settings.teachers == .ensemble, for: student, using: &training)
      try student.learn(lessons.batch, metrics: &metrics)
    }
  }
}

extension DistillationAgent: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("learners", &learners)
    try fields.field("student", &student)
    try fields.field("training", &training)
    try fields.field("exploration", copies: &exploration)
    try fields.field("steps", &counter)
    try fields.field("total", &totals[0])
    if totals.count > 1 { try fields.field("totals", &totals) }
    if fields.isRestoring { finishedReturns = [] }
  }
}
