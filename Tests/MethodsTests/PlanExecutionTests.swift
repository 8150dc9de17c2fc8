import Methods
import Archive
import Configuration
import Environments
import Interfaces
import Kernels
import TestSupport
import Testing

/// Plans that say who they are: decision i of the n-th plan since the reset is n + i / 8 in each component.
private struct NumberedPlanner: Planner {
  struct Settings: Configuration {
    init() {}
    @Setting("Decisions in a plan", in: 1...1000) var horizon: Int = 4
  }

  static let name = "numbered"
  static let summary = "numbers its decisions"
  static func plans(_ space: ActionSpace) -> Bool { true }
  let horizon: Int

  init(_ settings: Settings, for space: ActionSpace) { horizon = settings.horizon }

  private var plans = 0
  private(set) var proposals = 0

  mutating func reset() { plans = 0 }

  mutating func suggest(_ plan: [Float]) { proposals += 1 }

  mutating func plan(
    with evaluator: inout some PlanEvaluator, using random: inout RandomStream,
    action: inout [Float]
  ) {
    for i in action.indices { action[i] = Float(plans) + Float(i / evaluator.actionSize) / 8 }
    plans += 1
  }

  mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("plans", &plans)
    try fields.field("proposals", &proposals)
  }
}

/// Which decisions of which plan are executed, and when models are fitted.
@Suite struct PlanExecutionTests {
  private static let task = PointMass.short(10)

  private static func agent(
    _ change: (inout PlanningSettings) -> Void, prior: (any PlanPrior)? = nil, base: (any Agent)? = nil
  ) -> PlanningAgent<KnownRewards<ProbeModel>, NumberedPlanner> {
    var settings = PlanningSettings()
    settings.particles = 1
    settings.fitInterval = 7
    change(&settings)
    return PlanningAgent(
      settings, world: KnownRewards(ProbeModel(), task.objective),
      planner: NumberedPlanner(NumberedPlanner.Settings(), for: task.spec.action), prior: prior, base: base,
      spec: task.spec, using: RandomStream(seed: 4))
  }

  /// Decisions of an episode of ten steps after a random one.
  private static func decisions(_ change: (inout PlanningSettings) -> Void) throws -> [Float] {
    var runner = AgentRunner(agent(change), in: task, seed: 1)
    try runner.collect(30)
    let second = runner.actions[20...].map { $0[0] }
    #expect(
      Array(runner.actions[10..<20].map { $0[0] }) == second,
      "every episode starts with a plan of its own")
    #expect(try runner.evaluate().actions.map { $0[0] } == second)
    return second
  }

  @Test func plansAreExecutedAsFarAsAskedFor() throws {
    #expect(try Self.decisions { _ in } == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    #expect(
      try Self.decisions { $0.replanInterval = 3 } == [0, 0.125, 0.25, 1, 1.125, 1.25, 2, 2.125, 2.25, 3])
    #expect(
      try Self.decisions { $0.execution = .openLoop } == [
        0, 0.125, 0.25, 0.375, 1, 1.125, 1.25, 1.375, 2, 2.125,
      ])
  }

  /// In the middle of a plan, a restored agent goes on with it.
  @Test(arguments: [11, 12, 13, 14]) func restoredAgentsGoOnWithTheirPlan(_ steps: Int) throws {
    var original = AgentRunner(Self.agent { $0.execution = .openLoop }, in: Self.task, seed: 1)
    try original.collect(steps)
    var restored = try original.continued(with: Self.agent { $0.execution = .openLoop })
    try original.collect(15)
    try restored.collect(15)
    #expect(original.actions.suffix(15) == restored.actions.suffix(15))
    #expect(OracleState(original.agent) == OracleState(restored.agent))
  }

  /// A base policy has the first episodes to itself, goes on after a restore, and is forgotten then.
  @Test(arguments: [3, 10, 17, 25]) func basePoliciesActFirst(_ steps: Int) throws {
    func agent() -> PlanningAgent<KnownRewards<ProbeModel>, NumberedPlanner> {
      Self.agent({ $0.randomEpisodes = 2 }, base: CountingAgent())
    }
    var original = AgentRunner(agent(), in: Self.task, seed: 1)
    try original.collect(steps)
    #expect((original.agent.base != nil) == (steps < 20))
    var restored = try original.continued(with: agent())
    try original.collect(30 - steps)
    try restored.collect(30 - steps)
    let wanted = (0..<20).map { -Float($0) / 32 } + (0..<10).map { Float($0) }
    #expect(original.actions.map { $0[0] } == wanted)
    #expect(restored.actions.suffix(30 - steps).map { $0[0] } == wanted.suffix(30 - steps))
  }

  /// Without refits there is one fit, to the data of the base policy.
  @Test func refitsCanBeTurnedOff() throws {
    var runner = AgentRunner(
      Self.agent {
        $0.refits = false
        $0.randomEpisodes = 2
      }, in: Self.task, seed: 1)
    try runner.collect(60)
    #expect(runner.agent.world.dynamics.fits == [20])
  }

  /// A prior is shown what is executed, fitted with the model, and asked for a proposal from its first fit on.
  @Test func priorsLearnFromPlansAndProposeOthers() throws {
    let prior = ProbePrior()
    var runner = AgentRunner(
      Self.agent({ $0.replanInterval = 2 }, prior: prior), in: Self.task, seed: 1)
    try runner.collect(10)
    // the first fit came after the random episode: no planned decision yet
    #expect(prior.log.observed == 0 && prior.log.fits == 1)
    try runner.collect(10)
    #expect(prior.log.observed == 10 && prior.log.fits == 2)
    // 7 steps to the second fit; of the plans at steps 0, 2, 4, 6 and 8 only the last had a prior
    #expect(runner.agent.planners.map(\.proposals) == [1])
    #expect(runner.agent.metricNames.last == "prior_loss")
  }
}

/// Its n-th action since it was made is -n / 32 in each component.
private struct CountingAgent: RowwiseAgent {
  private var count = 0
  var metricNames: [String] { [] }
  var phases: PhaseSeconds { PhaseSeconds() }

  mutating func prepare(copies: Int, for purpose: ActPurpose) {}

  mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {}

  mutating func act(on observation: [Float], of copy: Int, for purpose: ActPurpose, action: inout [Float]) {
    for i in action.indices { action[i] = -Float(count) / 32 }
    count += 1
  }

  mutating func observe(
    _ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float], of copy: Int
  ) {}

  mutating func improve(metrics: inout MetricRow) {}

  func save(to writer: inout StateWriter) { writer.write("count", count) }

  mutating func restore(from reader: StateReader) throws(ArchiveError) { count = try reader.integer("count") }
}

/// Counts what is asked of it; fitted from its second fit on.
private struct ProbePrior: PlanPrior {
  final class Log {
    var observed = 0
    var fits = 0
  }

  let log = Log()
  var isFitted: Bool { log.fits > 1 }

  mutating func observe(_ observation: [Float], _ action: [Float]) { log.observed += 1 }

  mutating func fit(metrics: inout MetricRow) throws(NumericalFailure) { log.fits += 1 }

  func act(on observation: UnsafePointer<Float>, action: UnsafeMutablePointer<Float>) {
    action[0] = 0
    action[1] = 0
  }

  func save(to writer: inout StateWriter) {}

  mutating func restore(from reader: StateReader) throws(ArchiveError) {}
}
