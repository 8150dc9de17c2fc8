import Methods
import Environments
import Interfaces
import Kernels
import Models
import Planners
import TestSupport
import Testing

/// A planning agent with an ensemble and the cross-entropy method.
@Suite struct PlanningAgentTests {

  private static func agent(
    _ task: PointMass, seed: UInt64, objective: (any Objective)? = nil, fitInterval: Int = 20,
    _ change: (inout EnsembleSettings) -> Void = { _ in }, _ search: (inout CrossEntropy.Settings) -> Void = { _ in }
  ) -> PlanningAgent<KnownRewards<ProbabilisticEnsemble>, CrossEntropy> {
    var (settings, model, planner) = (PlanningSettings(), EnsembleSettings(), CrossEntropy.Settings())
    settings.particles = 6
    settings.fitInterval = fitInterval
    model.members = 3
    model.hidden = [40, 40]
    model.weightDecay = [1e-5]
    model.epochs = 4
    planner.horizon = 5
    planner.population = 30
    planner.elites = 5
    planner.iterations = 2
    change(&model)
    search(&planner)
    let random = RandomStream(seed: seed)
    let (low, high) = task.spec.action.bounds
    return PlanningAgent(
      settings,
      world: KnownRewards(
        ProbabilisticEnsemble(
          model, stateSize: task.spec.observationSize, actionSize: low.count, using: random.child("model")),
        objective ?? task.objective),
      planner: CrossEntropy(planner, low: low, high: high), spec: task.spec, using: random.child("agent"))
  }

  private static let task = PointMass.short(15)

  /// Collected actions and metrics are the same whether or not, and however often, the agent is evaluated.
  @Test func evaluationChangesNothing() throws {
    func course(evaluatingAt steps: Set<Int>) throws -> ([[Float]], MetricRow, OracleState) {
      let agent = Self.agent(Self.task, seed: 1, objective: PoisonedObjective(limit: 6))
      var runner = AgentRunner(agent, in: Self.task, seed: 1)
      for step in 0..<70 {
        if steps.contains(step) { _ = try runner.evaluate() }
        try runner.collect(1)
      }
      return (runner.actions, runner.metrics, OracleState(runner.agent))
    }
    let plain = try course(evaluatingAt: [])
    let evaluated = try course(evaluatingAt: [3, 14, 15, 16, 33, 34, 50, 69])
    #expect(plain.0 == evaluated.0)
    for name in plain.1.names { #expect(plain.1.mean(of: name) == evaluated.1.mean(of: name), "\(name)") }
    #expect(plain.1.mean(of: "nonfinite_returns").map { $0 > 0 } == true, "the objective never failed")
    // all but what evaluation has for itself
    let gaps = plain.2.gaps(to: evaluated.2).filter { !$0.name.hasPrefix("evaluating") }
    #expect(gaps.count > 10 && gaps.allSatisfy { $0.gap == 0 }, "\(gaps.filter { $0.gap != 0 })")
  }

  @Test func oneSeedOneCourse() throws {
    func actions(_ seed: UInt64) throws -> [[Float]] {
      var runner = AgentRunner(Self.agent(Self.task, seed: seed), in: Self.task, seed: seed)
      try runner.collect(40)
      return runner.actions
    }
    #expect(try actions(1) == actions(1))
    #expect(try actions(1) != actions(2))
  }

  /// An agent made anew and restored goes on alike: before the first fit, in the middle of planned episodes, at their ends.
  @Test(arguments: [0, 7, 15, 22, 35, 45]) func restoredAgentsGoOnAlike(_ steps: Int) throws {
    var original = AgentRunner(
      Self.agent(Self.task, seed: 1, objective: PoisonedObjective(limit: 6)), in: Self.task, seed: 1)
    try original.collect(steps)
    var restored = try original.continued(
      with: Self.agent(Self.task, seed: 9, objective: PoisonedObjective(limit: 6)))
    original.metrics.clear()
    restored.metrics.clear()
    try original.collect(40)
    try restored.collect(40)
    #expect(original.actions == restored.actions)
    for name in original.metrics.names {
      #expect(original.metrics.mean(of: name) == restored.metrics.mean(of: name), "\(name)")
    }
    #expect(OracleState(original.agent) == OracleState(restored.agent))
    let evaluations = (try original.evaluate(), try restored.evaluate())
    #expect(evaluations.0.actions == evaluations.1.actions)
  }

  /// In processes of their own: the pool belongs to all tests.
  @Test func threadsDoNotChangeABit() async {
    await #expect(processExitsWith: .success) {
      func course() throws -> ([[Float]], OracleState) {
        var runner = AgentRunner(Self.agent(Self.task, seed: 1), in: Self.task, seed: 1)
        try runner.collect(50)
        return (runner.actions, OracleState(runner.agent))
      }
      let one = try course()
      WorkerPool.configure(threads: 2)
      let two = try course()
      #expect(WorkerPool.threads == 2 && one.0 == two.0 && one.1 == two.1)
    }
  }

  /// A step between fits, its evaluation counterpart included.
  private static func checkAllocations(_ count: (() throws -> Void) throws -> Int) throws {
    for propagation in Propagation.allCases {
      let long = PointMass.short(100_000)
      // one random episode by hand, so that the planned one does not end
      var agent = agent(long, seed: 1, fitInterval: 1_000_000, { $0.propagation = propagation })
      var (metrics, random) = (MetricRow(names: agent.metricNames), RandomStream(seed: 1))
      agent.startEpisode(for: .collect, using: random.child("start"))
      for step in 0..<50 {
        let (x, u) = ((0..<4).map { _ in random.normal() }, (0..<2).map { _ in random.uniform(-10, 10) })
        agent.observe(
          x, u, StepOutcome(reward: 0, ending: step == 49 ? .truncated : .none), next: x.map { $0 + 0.1 * u[0] })
      }
      try agent.improve(metrics: &metrics)
      var runner = AgentRunner(agent, in: long, seed: 1)
      let allocated = try count { try runner.step() }
      #expect(allocated == 0, "\(propagation)")
      agent = runner.agent
      agent.startEpisode(for: .evaluate, using: random)
      var steps = CopySteps(count: 1, observationSize: 4, actionSize: 2)
      steps.observations.setRow(0, [0.5, 0.5, 0, 0])
      #expect(try count { try agent.act(on: &steps, for: .evaluate) } == 0, "\(propagation)")
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

  /// After 100 steps, 25 of them random, evaluations cost at most twice the closed form's least cost; random play costs ten
  /// times as much at least.
  @Test(arguments: [UInt64(1), 2, 3]) func learnsToControlThePointMass(_ seed: UInt64) throws {
    let task = PointMass.short(25)
    let agent = Self.agent(
      task, seed: seed, fitInterval: 25,
      {
        $0.epochs = 60
        $0.learningRate = 3e-3
      },
      {
        $0.horizon = 8
        $0.population = 120
        $0.elites = 15
        $0.iterations = 5
      })
    var runner = AgentRunner(agent, in: task, seed: seed)
    let random = try runner.relativeCost().ratio
    try runner.collect(100)
    let learned = try runner.relativeCost().ratio
    #expect(random > 10 && learned < 2, "cost relative to the optimum: random \(random), learned \(learned)")
  }
}
