import Environments
import Experience
import Foundation
import Interfaces
import Kernels
import Learners
import Methods
import Networks
import TestSupport
import Testing

/// Agents that distill policies, on small families of tasks.
@Suite struct DistillationAgentTests {
  private typealias Goals = VariedTask<PointMassGoals>
  private typealias Student = DistilledPolicy<GaussianStudent>

  private static func task(goals: Int = 3) -> Goals {
    var settings = PointMassGoalsSettings()
    (settings.goals, settings.stepLimit) = (goals, 12)
    return Goals(settings)
  }

  private static func schedule(returnSteps: Int) -> OffPolicySettings {
    var settings = OffPolicySettings()
    (settings.replayCapacity, settings.batchSize, settings.randomSteps) = (400, 16, 5)
    settings.returnSteps = returnSteps
    return settings
  }

  private static func learners(_ count: Int, observing size: Int, seed: UInt64) -> [SoftActorCritic] {
    var settings = SoftActorCriticSettings()
    settings.hidden = [12, 12]
    let random = RandomStream(seed: seed)
    return (0..<count).map {
      SoftActorCritic(settings, observationSize: size, low: [-10, -10], high: [10, 10], using: random.child($0))
    }
  }

  private static func student(observing size: Int, seed: UInt64) -> Student {
    var settings = StudentSettings()
    settings.hidden = [12, 12]
    return Student(
      settings, head: GaussianStudent(low: [-10, -10], high: [10, 10], .divergence), observationSize: size,
      using: RandomStream(seed: seed).child("student"))
  }

  private static func distillation(
    _ task: Goals, seed: UInt64, returnSteps: Int = 1,
    _ change: (inout DistillationScheduleSettings) -> Void = { _ in }
  ) -> DistillationAgent<SoftActorCritic, Student> {
    var settings = DistillationScheduleSettings()
    (settings.teachers, settings.members, settings.teachingSteps, settings.lessonSize) = (.tasks, 3, 60, 24)
    change(&settings)
    let size = task.spec.observationSize
    return DistillationAgent(
      settings, schedule(returnSteps: returnSteps), learners: learners(3, observing: size, seed: seed),
      student: student(observing: size, seed: seed),
      rule: settings.teachers == .tasks ? .tasks(code: 4..<7) : .turns, spec: task.spec,
      using: RandomStream(seed: seed))
  }

  private static func shared(
    _ task: Goals, seed: UInt64, returnSteps: Int = 1, rule: PartitionRule = .tasks(code: 4..<7), seen: Int = 4,
    evaluatesShared: Bool = false
  ) -> SharedPolicyAgent<SoftActorCritic, Student> {
    var settings = SharedPolicySettings()
    (settings.lessonSize, settings.start) = (24, 20)
    return SharedPolicyAgent(
      settings, schedule(returnSteps: returnSteps), regularization: KLRegularization(share: 0.5),
      learners: learners(3, observing: seen, seed: seed),
      shared: student(observing: seen, seed: seed), rule: rule, seenSize: seen, evaluatesShared: evaluatesShared,
      spec: task.spec, using: RandomStream(seed: seed))
  }

  // MARK: - Distillation

  /// Each task's learner sees the episodes of its task alone, and none learns after the teaching steps; then the
  /// student does.
  @Test func teachersLearnTheirTasksThenTheStudent() throws {
    let task = Self.task()
    var runner = AgentRunner(Self.distillation(task, seed: 1), in: task, seed: 1)
    try runner.collect(60)
    let taught = runner.agent
    for part in 0..<3 {
      let seen = taught.replay(of: part).contents.observations
      let codes = (0..<seen.rows).map { Array(seen.row($0).suffix(3)) }
      let own: [Float] = (0..<3).map { $0 == part ? 1 : 0 }
      #expect(codes.allSatisfy { $0 == own }, "part \(part)")
    }
    #expect(taught.student.optimizer.steps == 0)
    try runner.collect(30)
    let studied = runner.agent
    #expect(studied.student.optimizer.steps == 30)
    for part in 0..<3 {
      #expect(studied.learner(of: part).core.actor == taught.learner(of: part).core.actor)
    }
  }

  /// A student of an ensemble that has stopped learning comes to act as the ensemble does.
  @Test func studentsActAsTheirEnsemble() throws {
    let task = Self.task()
    func agent(_ evaluated: DistillationActor) -> DistillationAgent<SoftActorCritic, Student> {
      Self.distillation(task, seed: 2) {
        $0.teachers = .ensemble
        $0.evaluated = evaluated
        ($0.lessonSize, $0.lessons) = (64, 4)
      }
    }
    var runner = AgentRunner(agent(.student), in: task, seed: 2)
    try runner.collect(80)
    let early = try #require(runner.metrics.mean(of: "distillation_loss"))
    try runner.collect(500)
    runner.metrics.clear()
    try runner.collect(20)
    let late = try #require(runner.metrics.mean(of: "distillation_loss"))
    #expect(late < 0.02 && late < 0.2 * early, "\(late) after \(early) nats")
    var teachers = try runner.continued(with: agent(.teachers))
    let (own, taught) = (try runner.evaluate(), try teachers.evaluate())
    #expect(own.start == taught.start)
    let gap = zip(own.actions.joined(), taught.actions.joined()).map { abs($0 - $1) }.reduce(0, max)
    #expect(gap < 2 && gap > 0, "actions in ±10 differ by \(gap)")
  }

  // MARK: - Returns of several steps

  /// Until the first return is complete there are no states to teach, however early the student or the shared policy is
  /// to learn.
  @Test func nothingIsTaughtBeforeTheFirstReturnIsComplete() throws {
    let task = Self.task()
    var taught = AgentRunner(
      Self.distillation(task, seed: 7, returnSteps: 4) { $0.teachingSteps = 1 }, in: task, seed: 7)
    try taught.collect(3)
    #expect(taught.agent.student.optimizer.steps == 0)
    try taught.collect(3)
    #expect(taught.agent.student.optimizer.steps == 3)
    var shared = AgentRunner(Self.shared(task, seed: 7, returnSteps: 4), in: task, seed: 7)
    try shared.collect(3)
    #expect(shared.agent.shared.optimizer.steps == 0)
    try shared.collect(3)
    #expect(shared.agent.shared.optimizer.steps == 3)
  }

  // MARK: - Shared policies

  /// Learners and the shared policy see no code, and the right learner acts.
  @Test func distralLearnersSeeTheirTasksWithoutTheCode() throws {
    let task = Self.task()
    var runner = AgentRunner(Self.shared(task, seed: 3), in: task, seed: 3)
    try runner.collect(80)
    let steps = (0..<3).map { runner.agent.steps(of: $0) }
    #expect(steps.reduce(0, +) == 80 && steps.allSatisfy { $0 % 12 == 0 || $0 % 12 == 80 % 12 })
    #expect(runner.agent.replay(of: 0).count == steps[0])
    #expect(runner.agent.shared.optimizer.steps == 80)
    var other = try runner.continued(with: Self.shared(task, seed: 3, evaluatesShared: true))
    let (own, shared) = (try runner.evaluate(), try other.evaluate())
    #expect(own.start == shared.start && own.actions != shared.actions)
  }

  @Test func startsAreDividedByTheirClusters() throws {
    let task = Self.task()
    let agent = Self.shared(task, seed: 4, rule: .starts(episodes: 9), seen: 7)
    var runner = AgentRunner(agent, in: task, seed: 4)
    try runner.collect(9 * 12)
    #expect((0..<3).map { runner.agent.steps(of: $0) } == [36, 36, 36])
    try runner.collect(20 * 12)
    #expect(!runner.agent.holdsStarts)
    #expect((0..<3).map { runner.agent.steps(of: $0) }.reduce(0, +) == 29 * 12)
  }

  // MARK: - What all agents must do

  @Test func evaluationChangesNothing() throws {
    let task = Self.task()
    func check<Player: Agent>(_ make: () -> Player) throws {
      func course(_ evaluates: Bool) throws -> ([[Float]], OracleState) {
        var runner = AgentRunner(make(), in: task, seed: 1)
        for step in 0..<90 {
          if evaluates && step % 17 == 0 { _ = try runner.evaluate() }
          try runner.collect(1)
        }
        return (runner.actions, OracleState(runner.agent))
      }
      let (plain, evaluated) = (try course(false), try course(true))
      #expect(plain.0 == evaluated.0 && plain.1 == evaluated.1)
    }
    try check { Self.distillation(task, seed: 1) }
    try check { Self.shared(task, seed: 1) }
    try check { Self.shared(task, seed: 1, rule: .starts(episodes: 4), seen: 7, evaluatesShared: true) }
  }

  @Test(arguments: [5, 30, 70, 100]) func restoredAgentsGoOnAlike(_ steps: Int) throws {
    let task = Self.task()
    func check<Player: Agent>(_ make: (UInt64) -> Player) throws {
      var original = AgentRunner(make(1), in: task, seed: 1)
      try original.collect(steps)
      var restored = try original.continued(with: make(9))
      try original.collect(40)
      try restored.collect(40)
      #expect(original.actions == restored.actions)
      #expect(OracleState(original.agent) == OracleState(restored.agent))
      #expect(try original.evaluate().actions == restored.evaluate().actions)
    }
    try check { Self.distillation(task, seed: $0) }
    try check { seed in Self.distillation(task, seed: seed) { $0.teachers = .ensemble } }
    try check { Self.shared(task, seed: $0) }
    try check { Self.shared(task, seed: $0, rule: .starts(episodes: 4), seen: 7) }
  }

  @Test func stepsDoNotAllocate() throws {
    var settings = PointMassGoalsSettings()
    (settings.goals, settings.stepLimit) = (3, 100_000)
    let task = Goals(settings)
    func check<Player: Agent>(_ agent: Player) throws {
      var runner = AgentRunner(agent, in: task, seed: 1)
      for _ in 0..<80 { try runner.step() }
      let count = try allocations { try runner.step() }
      #expect(count == 0, "\(Player.self)")
    }
    try check(Self.distillation(task, seed: 1))
    try check(Self.distillation(task, seed: 1) { $0.teachers = .ensemble })
    try check(Self.distillation(task, seed: 1) { $0.teachingSteps = 10_000 })
    try check(Self.shared(task, seed: 1))
  }
}
