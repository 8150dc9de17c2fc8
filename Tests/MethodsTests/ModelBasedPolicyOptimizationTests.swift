import Methods
import Archive
import Configuration
import Environments
import Experience
import Interfaces
import Kernels
import Learners
import Models
import TestSupport
import Testing

/// Acts by a fixed rule and notes of what its batches consist.
struct BatchProbe: OffPolicyLearner {
  static let title = "probe"
  static let metricNames = ["probe_updates"]
  let discount: Float = 0.5
  let size: Int
  let actionSize: Int

  init(size: Int, actionSize: Int) { (self.size, self.actionSize) = (size, actionSize) }

  init(_ settings: NoSettings, for spec: EnvironmentSpec, using random: RandomStream) {
    self.init(size: spec.observationSize, actionSize: spec.action.size)
  }

  /// Rewards of all rows of the batches so far.
  private(set) var batches: [[Float]] = []

  var policy: LinearPolicy {
    LinearPolicy(
      gains: Array(repeating: -0.5, count: size * actionSize), observationSize: size, actionSize: actionSize, noise: 0.1
    )
  }

  mutating func act(
    on observations: UnsafePointer<Float>, of copies: Range<Int>, explore: Bool,
    using streams: UnsafeMutablePointer<RandomStream>, actions: UnsafeMutablePointer<Float>
  ) {
    actions.update(repeating: explore ? 1 : 0, count: copies.count * actionSize)
  }

  mutating func update(
    on batch: TransitionBatch, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure) {
    batches.append(batch.rewards.elements)
    metrics.record("probe_updates", Float(batches.count))
  }

  func save(to writer: inout StateWriter) { writer.write("rewards", batches.flatMap { $0 }) }
  mutating func restore(from reader: StateReader) throws(ArchiveError) {}
}

@Suite struct ModelBasedPolicyOptimizationTests {
  private typealias Probe = ModelBasedPolicyOptimization<KnownRewards<FittedLine>, BatchProbe>
  private static let lineSpec = EnvironmentSpec(
    observationSize: 1, action: .box(low: [-3], high: [3]), timeStep: 1, stepLimit: 1000)

  private static func settings(
    _ change: (inout ModelBasedPolicyOptimizationSettings) -> Void = { _ in }
  ) -> ModelBasedPolicyOptimizationSettings {
    var settings = ModelBasedPolicyOptimizationSettings()
    settings.replayCapacity = 500
    settings.batchSize = 40
    settings.randomSteps = 10
    settings.updates = 2
    settings.fitInterval = 5
    settings.rollouts = 30
    settings.rolloutSchedule = [0, 0, 1, 1]
    settings.epochLength = 10
    settings.retainedFits = 2
    change(&settings)
    return settings
  }

  /// An agent on the line, where rewards of reality are -1 and those of imagination at least 0, and its metrics.
  private static func probe(
    _ settings: ModelBasedPolicyOptimizationSettings, end: Float = .infinity
  ) -> (agent: Probe, metrics: MetricRow) {
    let agent = Probe(
      settings, learner: BatchProbe(size: 1, actionSize: 1), world: KnownRewards(FittedLine(), EndOfLine(end: end)),
      spec: lineSpec, using: RandomStream(seed: 1))
    return (agent, MetricRow(names: agent.metricNames))
  }

  private static func step(_ agent: inout Probe, _ metrics: inout MetricRow, at position: Float = 1) throws {
    agent.observe([position], [0], StepOutcome(reward: -1, ending: .none), next: [position + 1])
    try agent.improve(metrics: &metrics)
  }

  /// The first fit follows the random steps, the next ones each interval; updates start after it.
  @Test func fitsAndUpdatesOnSchedule() throws {
    var (agent, metrics) = Self.probe(Self.settings())
    for step in 1...32 {
      metrics.clear()
      try Self.step(&agent, &metrics)
      let fits = stride(from: 10, through: step, by: 5).map { $0 }
      #expect(agent.world.dynamics.fits == fits, "after \(step) steps")
      let updates = metrics.mean(of: "probe_updates")
      #expect(updates == (step > 10 ? Double(2 * (step - 10)) - 0.5 : nil), "after \(step) steps")
    }
  }

  /// Batches hold their share of real rows, rounded down.
  @Test(arguments: [(Float(0.05), 2), (0, 0), (0.5, 20), (0.99, 39), (1, 40)])
  func batchesAreMixed(_ ratio: Float, _ real: Int) throws {
    let settings = Self.settings { $0.realRatio = ratio }
    var (agent, metrics) = Self.probe(settings)
    for _ in 0..<14 { try Self.step(&agent, &metrics) }
    let rewards = agent.learner.batches.joined().map(Double.init)
    #expect(rewards.count == 8 * 40)
    for first in stride(from: 0, to: rewards.count, by: 40) {
      let batch = rewards[first..<first + 40]
      #expect(batch.count { $0 == -1 } == real && batch.prefix(real).allSatisfy { $0 == -1 })
    }
    #expect(agent.world.dynamics.fits.isEmpty == (ratio == 1))
  }

  /// The buffer of imagined transitions holds those of the last fits, and grows with the schedule.
  @Test func imaginationIsRetainedForSomeFits() throws {
    let settings = Self.settings { $0.rolloutSchedule = [0, 2, 1, 3] }
    var (agent, metrics) = Self.probe(settings)
    var course: [[Double]] = []
    for step in 1...35 {
      metrics.clear()
      try Self.step(&agent, &metrics)
      guard step >= 10, step % 5 == 0 else { continue }
      course.append([
        metrics.mean(of: "rollout_length") ?? 0, metrics.mean(of: "imagined_transitions") ?? 0,
        Double(agent.imagined.capacity), Double(agent.imagined.count),
      ])
    }
    // steps 10, 15 are of epoch 0, 20, 25 of epoch 1, 30, 35 of epoch 2
    #expect(
      course == [
        [1, 30, 60, 30], [1, 30, 60, 60], [2, 60, 120, 120], [2, 60, 120, 120], [3, 90, 180, 180], [3, 90, 180, 180],
      ])
  }

  /// Where everything imagined was dropped, batches are real.
  @Test func emptyImaginationLeavesReality() throws {
    var (agent, metrics) = Self.probe(Self.settings())
    for _ in 0..<12 { try Self.step(&agent, &metrics, at: .greatestFiniteMagnitude) }
    #expect(metrics.mean(of: "nonfinite_rollouts") == 30 && agent.imagined.count == 0)
    let rewards = agent.learner.batches.joined().map(Double.init)
    #expect(rewards.count == 4 * 40 && rewards.allSatisfy { $0 == -1 })
  }

  @Test func terminationsAreCounted() throws {
    var (agent, metrics) = Self.probe(Self.settings { $0.rolloutSchedule = [0, 0, 5, 5] }, end: 3)
    for _ in 0..<10 { try Self.step(&agent, &metrics) }
    #expect(metrics.mean(of: "imagined_transitions") == 60 && metrics.mean(of: "imagined_terminations") == 30)
  }

  // MARK: - With a real learner

  private static let task = PointMass.short(15)

  private static func agent(
    _ task: PointMass, seed: UInt64, _ settings: ModelBasedPolicyOptimizationSettings = settings(),
    _ change: (inout SoftActorCriticSettings) -> Void = { _ in }
  ) -> ModelBasedPolicyOptimization<KnownRewards<ProbeModel>, SoftActorCritic> {
    var learner = SoftActorCriticSettings()
    learner.hidden = [24, 24]
    change(&learner)
    let (low, high) = task.spec.action.bounds
    let random = RandomStream(seed: seed)
    return ModelBasedPolicyOptimization(
      settings,
      learner: SoftActorCritic(
        learner, observationSize: task.spec.observationSize, low: low, high: high, using: random.child("learner")),
      world: KnownRewards(ProbeModel(), task.objective), spec: task.spec, using: random.child("agent"))
  }

  /// Without model error, everything imagined could have happened.
  @Test func withoutModelErrorImaginationIsReal() throws {
    let settings = Self.settings { $0.rolloutSchedule = [0, 0, 4, 4] }
    var runner = AgentRunner(Self.agent(Self.task, seed: 1, settings), in: Self.task, seed: 1)
    try runner.collect(40)
    let (before, chosen, after, rewards) = (
      runner.agent.imagined.contents.observations.elements, runner.agent.imagined.contents.actions.elements,
      runner.agent.imagined.contents.nextObservations.elements,
      runner.agent.imagined.contents.rewards.elements.map(Double.init)
    )
    #expect(rewards.count == 2 * 30 * 4)
    var (task, next) = (Self.task, [Float](repeating: 0, count: 4))
    for row in rewards.indices {
      let start = Array(before[4 * row..<4 * row + 4])
      task.start(at: SIMD4(start.map { Double($0) }), observation: &next)
      let outcome = try task.step(Array(chosen[2 * row..<2 * row + 2]), observation: &next)
      #expect(zip(next, after[4 * row..<4 * row + 4]).allSatisfy { abs($0 - $1) < 1e-4 })
      #expect(abs(Double(outcome.reward) - rewards[row]) < 1e-3 * max(1, abs(rewards[row])))
    }
  }

  /// An agent made anew and restored goes on alike, whatever the rollout length at the time.
  @Test(arguments: [0, 5, 11, 23, 40]) func restoredAgentsGoOnAlike(_ steps: Int) throws {
    let settings = Self.settings { $0.rolloutSchedule = [0, 3, 1, 4] }
    var original = AgentRunner(Self.agent(Self.task, seed: 1, settings), in: Self.task, seed: 1)
    try original.collect(steps)
    var restored = try original.continued(with: Self.agent(Self.task, seed: 9, settings))
    try original.collect(25)
    try restored.collect(25)
    #expect(original.actions == restored.actions)
    let isSame = OracleState(original.agent) == OracleState(restored.agent)
    #expect(isSame)
  }

  /// Steps between fits do not allocate.
  @Test func stepsDoNotAllocate() throws {
    let long = PointMass.short(100_000)
    let settings = Self.settings { $0.fitInterval = 100_000 }
    var runner = AgentRunner(Self.agent(long, seed: 1, settings), in: long, seed: 1)
    let allocated = try runner.allocationsInSteps { try allocations(in: $0) }
    #expect(allocated == 0, "\(allocated) heap allocations in 4 steps")
  }

  /// In the true model, 300 real steps are enough for what the model-free learner needs 5,000 for.
  @Test(arguments: [UInt64(1), 2, 3]) func learnsThePointMassFromFewSteps(_ seed: UInt64) throws {
    let task = PointMass.short(25)
    let settings = Self.settings {
      $0.batchSize = 64
      $0.randomSteps = 50
      $0.updates = 20
      $0.fitInterval = 50
      $0.rollouts = 2000
      $0.rolloutSchedule = [0, 0, 2, 2]
    }
    let agent = Self.agent(task, seed: seed, settings) { $0.suitPointMass() }
    var runner = AgentRunner(agent, in: task, seed: seed)
    try runner.collect(300)
    let cost = try runner.relativeCost().ratio
    #expect(cost < 4, "cost relative to the optimum: \(cost)")
  }

  @Test func schedulesThatCannotBeAreRefused() {
    for change in [
      { $0.rolloutSchedule = [3, 2, 1, 1] }, { $0.rolloutSchedule = [1, 2, 1] },
      {
        $0.rollouts = 10_000_000
        $0.retainedFits = 1000
      },
    ] as [(inout ModelBasedPolicyOptimizationSettings) -> Void] {
      let settings = Self.settings(change)
      #expect(throws: ConfigurationError.self) { try settings.validate() }
    }
  }
}
