import Interfaces
import Kernels
import Learners
import TestSupport
import Testing

@Suite struct CrossQTests {
  /// A small learner that renormalizes from the third update on.
  static func learner(seed: UInt64 = 1, _ change: (inout CrossQSettings) -> Void = { _ in }) -> CrossQ {
    var settings = CrossQSettings()
    (settings.hidden, settings.criticHidden, settings.policyInterval) = ([5, 4], [5, 4], 2)
    (settings.renormalizationStart, settings.discount, settings.initialTemperature) = (2, 0.9, 0.3)
    (settings.actorLearningRate, settings.criticLearningRate, settings.temperatureLearningRate) = (1e-3, 2e-3, 3e-3)
    change(&settings)
    return CrossQ(
      settings, observationSize: Cases.observationSize, low: Cases.low, high: Cases.high,
      using: RandomStream(seed: seed))
  }

  private static func trained(_ learner: CrossQ, updates: Range<Int>) throws -> CrossQ {
    var (learner, metrics) = (learner, MetricRow(names: CrossQ.metricNames))
    for update in updates {
      var random = RandomStream(seed: UInt64(update))
      try learner.update(on: Cases.batch(200, seed: UInt64(update)), using: &random, metrics: &metrics)
    }
    return learner
  }

  private static var wide: CrossQ { learner { ($0.hidden, $0.criticHidden) = ([40, 24], [48, 24]) } }

  /// In a process of its own: the pool belongs to all tests.
  @Test func threadsDoNotChangeABit() async {
    await #expect(processExitsWith: .success) {
      let one = OracleState(try Self.trained(Self.wide, updates: 0..<5))
      WorkerPool.configure(threads: 2)
      #expect(try OracleState(Self.trained(Self.wide, updates: 0..<5)) == one)
    }
  }

  @Test func restoredLearnersGoOnAlike() throws {
    let half = try Self.trained(Self.wide, updates: 0..<3)
    var restored = Self.learner(seed: 9) { ($0.hidden, $0.criticHidden) = ([40, 24], [48, 24]) }
    try OracleState(half).restore(into: &restored)
    #expect(
      try OracleState(Self.trained(restored, updates: 3..<6)) == OracleState(Self.trained(half, updates: 3..<6)))
    var (random, action, other): (RandomStream, [Float], [Float]) = (RandomStream(seed: 1), [0, 0], [1, 1])
    var original = half
    restored = half
    original.act(on: [0.1, 0.2, 0.3], explore: false, using: &random, action: &action)
    restored.act(on: [0.1, 0.2, 0.3], explore: false, using: &random, action: &other)
    #expect(action == other)
  }

  @Test func updatesAndActionsDoNotAllocate() throws {
    var (learner, random, metrics) = (Self.wide, RandomStream(seed: 1), MetricRow(names: CrossQ.metricNames))
    let batch = Cases.batch(200, seed: 1)
    let found = try allocations {
      for _ in 0..<2 { try learner.update(on: batch, using: &random, metrics: &metrics) }
    }
    #expect(found == 0, "\(found) heap allocations")
  }

  @Test(arguments: ["observation", "reward", "next observation"]) func numbersThatAreNotFiniteAreReported(
    _ place: String
  ) throws {
    var (learner, random, metrics) = (Self.wide, RandomStream(seed: 1), MetricRow(names: CrossQ.metricNames))
    var batch = Cases.batch(20, seed: 1)
    switch place {
    case "observation": batch.observations[7, 1] = .nan
    case "reward": batch.rewards[7] = .infinity
    default: batch.nextObservations[7, 1] = .infinity
    }
    #expect(throws: NumericalFailure.self) { try learner.update(on: batch, using: &random, metrics: &metrics) }
  }

  /// One decision in state s with the reward -10 (a - (1.2 s - 1))^2: the best action is learned.
  @Test(arguments: [UInt64(1), 2, 3]) func findsTheBestActionOfAQuadraticBandit(_ seed: UInt64) throws {
    var random = RandomStream(seed: seed)
    var settings = CrossQSettings()
    (settings.hidden, settings.criticHidden, settings.policyInterval) = ([32, 32], [32, 32], 1)
    (settings.actorLearningRate, settings.criticLearningRate, settings.temperatureLearningRate) = (3e-3, 3e-3, 3e-3)
    var learner = CrossQ(settings, observationSize: 1, low: [-3], high: [1], using: random.child("learner"))
    try Bandit.train(&learner, low: -3, high: 1, updates: 2000, using: &random)
    let worst = Bandit.worstAction(&learner)
    #expect(worst < 0.2, "an action is off by \(worst)")
  }
}
