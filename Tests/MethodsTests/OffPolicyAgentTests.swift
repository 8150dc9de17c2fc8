import Methods
import Environments
import Experience
import Interfaces
import Kernels
import Learners
import TestSupport
import Testing

@Suite struct OffPolicyAgentTests {
  private static let task = PointMass.short(15)

  private static func settings(_ change: (inout OffPolicySettings) -> Void = { _ in }) -> OffPolicySettings {
    var settings = OffPolicySettings()
    settings.replayCapacity = 500
    settings.batchSize = 16
    settings.randomSteps = 10
    change(&settings)
    return settings
  }

  private static func probe(_ settings: OffPolicySettings) -> OffPolicyAgent<ProbeLearner> {
    OffPolicyAgent(settings, learner: ProbeLearner(), spec: task.spec, using: RandomStream(seed: 2))
  }

  private static func soft(
    _ task: PointMass, seed: UInt64, _ settings: OffPolicySettings = settings(),
    _ change: (inout SoftActorCriticSettings) -> Void = { _ in }
  ) -> OffPolicyAgent<SoftActorCritic> {
    var learner = SoftActorCriticSettings()
    learner.hidden = [40, 40]
    change(&learner)
    let (low, high) = task.spec.action.bounds
    let random = RandomStream(seed: seed)
    return OffPolicyAgent(
      settings,
      learner: SoftActorCritic(
        learner, observationSize: task.spec.observationSize, low: low, high: high, using: random.child("learner")),
      spec: task.spec, using: random.child("agent"))
  }

  /// Ten random steps, then the learner's actions; evaluations ask the learner from the start.
  @Test func firstStepsAreRandom() throws {
    var runner = AgentRunner(Self.probe(Self.settings()), in: Self.task, seed: 1)
    #expect(try runner.evaluate().actions.joined().allSatisfy { $0 == 5 })
    try runner.collect(30)
    let early = runner.actions.prefix(10).joined()
    #expect(Set(early).count == 20 && early.allSatisfy { abs($0) <= 10 })
    #expect(runner.actions.dropFirst(10).joined().allSatisfy { $0 == 7 })
  }

  @Test func randomStepsAreUniform() throws {
    var runner = AgentRunner(Self.probe(Self.settings { $0.randomSteps = 4000 }), in: Self.task, seed: 1)
    try runner.collect(4000)
    for component in 0..<2 {
      var bins = [Int](repeating: 0, count: 20)
      for action in runner.actions { bins[min(Int(action[component] + 10), 19)] += 1 }
      let test = OracleUniformity(bins)
      #expect(test.holds, "\(test)")
    }
  }

  /// Training starts after the random steps, at multiples of the interval.
  @Test(arguments: [(1, 1), (4, 2), (7, 3), (1, 5)]) func trainsOnSchedule(_ interval: Int, _ updates: Int) throws {
    let settings = Self.settings {
      $0.trainInterval = interval
      $0.updates = updates
    }
    var runner = AgentRunner(Self.probe(settings), in: Self.task, seed: 1)
    for step in 1...40 {
      try runner.collect(1)
      let expected = step > 10 ? updates * (step / interval - 10 / interval) : 0
      #expect(runner.agent.learner.updates == expected, "after \(step) steps")
    }
  }

  /// Only a termination stops the bootstrap: a step cut off by the limit goes on.
  @Test func truncationIsStoredAsContinuing() {
    var agent = Self.probe(Self.settings())
    for ending in [Ending.none, .truncated, .terminated, .none] {
      agent.observe([0, 0, 0, 0], [1, 2], StepOutcome(reward: 3, ending: ending), next: [1, 1, 1, 1])
    }
    #expect(agent.replay.contents.continues.elements == [1, 1, 0, 1])
    #expect(agent.replay.contents.rewards.elements == [3, 3, 3, 3])
  }

  /// The learner sees every transition as it happened, next observations across episode ends included.
  @Test func remembersWhatHappened() throws {
    var runner = AgentRunner(Self.probe(Self.settings()), in: Self.task, seed: 1)
    try runner.collect(35)
    let (before, after) = (
      runner.agent.replay.contents.observations.elements.map(Double.init),
      runner.agent.replay.contents.nextObservations.elements.map(Double.init)
    )
    #expect(runner.agent.replay.contents.actions.elements.map(Double.init) == runner.actions.joined().map(Double.init))
    for step in 0..<34 {
      let isSame = after[4 * step..<4 * step + 4] == before[4 * step + 4..<4 * step + 8]
      // a new episode starts elsewhere
      #expect(isSame == ((step + 1) % 15 != 0), "step \(step)")
    }
  }

  @Test func evaluationChangesNothing() throws {
    func course(evaluatingAt steps: Set<Int>) throws -> ([[Float]], OracleState) {
      var runner = AgentRunner(Self.soft(Self.task, seed: 1), in: Self.task, seed: 1)
      for step in 0..<60 {
        if steps.contains(step) { _ = try runner.evaluate() }
        try runner.collect(1)
      }
      return (runner.actions, OracleState(runner.agent))
    }
    let (plain, evaluated) = (try course(evaluatingAt: []), try course(evaluatingAt: [0, 7, 15, 31, 59]))
    #expect(plain.0 == evaluated.0 && plain.1 == evaluated.1)
  }

  @Test func oneSeedOneCourse() throws {
    func actions(_ seed: UInt64) throws -> [[Float]] {
      var runner = AgentRunner(Self.soft(Self.task, seed: seed), in: Self.task, seed: seed)
      try runner.collect(60)
      return runner.actions
    }
    #expect(try actions(1) == actions(1))
    #expect(try actions(1) != actions(2))
  }

  /// An agent made anew and restored goes on alike, also after the replay has wrapped.
  @Test(arguments: [0, 5, 11, 40, 70]) func restoredAgentsGoOnAlike(_ steps: Int) throws {
    let settings = Self.settings { $0.replayCapacity = 50 }
    var original = AgentRunner(Self.soft(Self.task, seed: 1, settings), in: Self.task, seed: 1)
    try original.collect(steps)
    var restored = try original.continued(with: Self.soft(Self.task, seed: 9, settings))
    try original.collect(40)
    try restored.collect(40)
    #expect(original.actions == restored.actions)
    #expect(OracleState(original.agent) == OracleState(restored.agent))
    let evaluations = (try original.evaluate(), try restored.evaluate())
    #expect(evaluations.0.actions == evaluations.1.actions)
  }

  private static func checkAllocations(_ count: (() throws -> Void) throws -> Int) throws {
    // batches of one block of rows and of several
    for size in [32, 300] {
      let long = PointMass.short(100_000)
      let settings = settings {
        $0.batchSize = size
        $0.trainInterval = 2
        $0.updates = 2
      }
      var runner = AgentRunner(soft(long, seed: 1, settings), in: long, seed: 1)
      let allocated = try runner.allocationsInSteps(by: count)
      #expect(allocated == 0, "\(allocated) heap allocations in 4 steps with updates of \(size)")
    }
  }

  @Test func stepsDoNotAllocate() throws {
    try Self.checkAllocations { body in try allocations(in: body) }
  }

  @Test func stepsWithTwoThreadsDoNotAllocate() async {
    await #expect(processExitsWith: .success) {
      WorkerPool.configure(threads: 2)
      try Self.checkAllocations { body in try processAllocations(in: body) }
    }
  }

  /// After 5,000 steps evaluations cost at most four times the closed form's least cost; untrained play much more.
  @Test(arguments: [UInt64(1), 2, 3]) func learnsToControlThePointMass(_ seed: UInt64) throws {
    let task = PointMass.short(25)
    let settings = Self.settings {
      $0.replayCapacity = 6000
      $0.batchSize = 128
      $0.randomSteps = 1000
    }
    let agent = Self.soft(task, seed: seed, settings) { $0.suitPointMass(hidden: [48, 48]) }
    var runner = AgentRunner(agent, in: task, seed: seed)
    try runner.collect(5000)
    let (cost, best) = try runner.relativeCost()
    let early = runner.returns.prefix(12).reduce(0, +) / 12
    #expect(early < 10 * best, "random play returns \(early), optimal play \(best)")
    #expect(cost < 4, "cost relative to the optimum: \(cost)")
  }

  /// Rewards of three steps reach the replay as one, and training waits for the first.
  @Test func returnsOfSeveralStepsAreStored() throws {
    let settings = Self.settings {
      $0.randomSteps = 0
      $0.returnSteps = 3
    }
    var agent = Self.probe(settings)  // discounts by 1/2
    var metrics = MetricRow(names: agent.metricNames)
    for (step, ending) in [Ending.none, .none, .none, .truncated].enumerated() {
      agent.observe([0, 0, 0, 0], [1, 2], StepOutcome(reward: 4, ending: ending), next: [1, 1, 1, 1])
      try agent.improve(metrics: &metrics)
      #expect(agent.learner.updates == max(0, step - 1))
    }
    #expect(agent.replay.contents.rewards.elements == [7, 7, 6, 4])
    #expect(agent.replay.contents.continues.elements == [0.25, 0.25, 0.5, 1])
  }
}
