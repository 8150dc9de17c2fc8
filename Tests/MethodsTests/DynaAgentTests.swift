import Methods
import Environments
import Experience
import Imagining
import Interfaces
import Kernels
import Learners
import TestSupport
import Testing

@Suite struct DynaAgentTests {
  private typealias Probe = DynaAgent<KnownRewards<FittedLine>, BatchProbe>
  private static let lineSpec = EnvironmentSpec(
    observationSize: 1, action: .box(low: [-3], high: [3]), timeStep: 1, stepLimit: 1000)

  private static func settings(_ change: (inout DynaSettings) -> Void = { _ in }) -> DynaSettings {
    var settings = DynaSettings()
    settings.replayCapacity = 500
    settings.batchSize = 20
    settings.randomSteps = 10
    settings.fitInterval = 6
    settings.imaginedUpdates = 3
    change(&settings)
    return settings
  }

  /// The rewards of the batches of `steps` steps on the line, in which the state is the number of the step and episodes have
  /// 5 steps.
  private static func batches(_ settings: DynaSettings, steps: Int) throws -> [[Double]] {
    var agent = Probe(
      settings, learner: BatchProbe(size: 1, actionSize: 1), world: KnownRewards(FittedLine(), EndOfLine()),
      spec: lineSpec, using: RandomStream(seed: 1))
    var metrics = MetricRow(names: agent.metricNames)
    for step in 0..<steps {
      if step % 5 == 0 { agent.startEpisode(for: .collect, using: RandomStream(seed: 1)) }
      agent.observe([Float(step)], [1000], StepOutcome(reward: -1, ending: .none), next: [Float(step) + 1])
      try agent.improve(metrics: &metrics)
    }
    let rewards = agent.learner.batches.joined().map(Double.init)
    return stride(from: 0, to: rewards.count, by: settings.batchSize).map {
      Array(rewards[$0..<$0 + settings.batchSize])
    }
  }

  /// Real batches first, then K imagined ones, from the step after the random ones on.
  @Test(arguments: [(1, 3), (0, 2), (2, 1)]) func realAndImaginedBatchesTakeTurns(_ real: Int, _ imagined: Int) throws {
    let settings = Self.settings {
      $0.realUpdates = real
      $0.imaginedUpdates = imagined
    }
    let batches = try Self.batches(settings, steps: 14)
    #expect(batches.count == 4 * (real + imagined))
    for (index, batch) in batches.enumerated() {
      let isReal = index % (real + imagined) < real
      #expect(batch.allSatisfy { ($0 == -1) == isReal })
    }
  }

  @Test func trainsAtIntervals() throws {
    let settings = Self.settings { $0.trainInterval = 4 }
    #expect(try Self.batches(settings, steps: 24).count == 4 * 4)  // steps 12, 16, 20, 24
  }

  /// The model's reward 2 x + a tells the state it started from, when the action is the one replayed.
  @Test(arguments: ImaginedStarts.allCases) func startsAreWhereTheyShouldBe(_ starts: ImaginedStarts) throws {
    let settings = Self.settings {
      $0.starts = starts
      $0.recentSteps = 4
      $0.actions = .replayed
      $0.realUpdates = 0
    }
    let batches = try Self.batches(settings, steps: 30)
    let states = Set(batches.suffix(3).joined().map { ($0 - 1000) / 2 })
    switch starts {
    case .replay: #expect(states.count > 20 && states.isSubset(of: Set((0..<30).map(Double.init))))
    case .recent: #expect(states == [26, 27, 28, 29])
    case .initial: #expect(states == [0, 5, 10, 15, 20, 25])
    }
  }

  /// Later steps follow the policy: a = -x / 2 with noise of 0.1, so that r = 1.5 x.
  @Test func imaginedStepsGoOn() throws {
    let settings = Self.settings {
      $0.starts = .recent
      $0.recentSteps = 1
      $0.actions = .replayed
      $0.rolloutSteps = 3
      $0.realUpdates = 0
    }
    let rewards = try Self.batches(settings, steps: 30).suffix(3).joined()
    let kinds = [1058.0, 45, 46.5]
    for reward in rewards { #expect(kinds.contains { abs($0 - reward) < 0.11 }, "\(reward)") }
    for kind in kinds { #expect(rewards.contains { abs($0 - kind) < 0.11 }) }
  }

  // MARK: - With real learners

  private static func agent(
    seed: UInt64, _ settings: DynaSettings = settings()
  ) -> DynaAgent<KnownRewards<ProbeModel>, SoftActorCritic> {
    var learner = SoftActorCriticSettings()
    learner.suitPointMass()
    let (task, random) = (PointMass.short(15), RandomStream(seed: seed))
    return DynaAgent(
      settings,
      learner: SoftActorCritic(
        learner, observationSize: 4, low: [-10, -10], high: [10, 10], using: random.child("learner")),
      world: KnownRewards(ProbeModel(), task.objective), spec: task.spec, using: random.child("agent"))
  }

  @Test(arguments: [0, 11, 30]) func restoredAgentsGoOnAlike(_ steps: Int) throws {
    let settings = Self.settings { $0.starts = .initial }
    var original = AgentRunner(Self.agent(seed: 1, settings), in: PointMass.short(15), seed: 1)
    try original.collect(steps)
    var restored = try original.continued(with: Self.agent(seed: 9, settings))
    try original.collect(25)
    try restored.collect(25)
    #expect(original.actions == restored.actions)
    let isSame = OracleState(original.agent) == OracleState(restored.agent)
    #expect(isSame)
  }

  @Test func stepsDoNotAllocate() throws {
    let settings = Self.settings { $0.fitInterval = 100_000 }
    var runner = AgentRunner(Self.agent(seed: 1, settings), in: PointMass.short(100_000), seed: 1)
    let allocated = try runner.allocationsInSteps { try allocations(in: $0) }
    #expect(allocated == 0, "\(allocated) heap allocations in 4 steps")
  }

  @Test(arguments: [UInt64(1), 2, 3]) func learnsThePointMassFromFewSteps(_ seed: UInt64) throws {
    let task = PointMass.short(25)
    let settings = Self.settings {
      $0.batchSize = 64
      $0.randomSteps = 50
      $0.imaginedUpdates = 20
    }
    var runner = AgentRunner(Self.agent(seed: seed, settings), in: task, seed: seed)
    try runner.collect(300)
    let cost = try runner.relativeCost().ratio
    #expect(cost < 4, "cost relative to the optimum: \(cost)")
  }
}
