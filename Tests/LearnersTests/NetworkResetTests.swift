import Interfaces
import Kernels
import Learners
import Networks
import TestSupport
import Testing

@Suite struct NetworkResetTests {
  /// A step of Adam moves a weight by about the learning rate at most, a reset by far more; moments start anew: after 3
  /// updates, and after 4 of which a reset comes before the last.
  private static func check<Learner: OffPolicyLearner>(
    _ name: String, _ networks: ResetNetworks, _ learner: Learner, actor: KeyPath<Learner, Vector>,
    critics: KeyPath<Learner, Vector>, steps: KeyPath<Learner, Int>
  ) throws {
    var (learner, random, metrics) = (learner, RandomStream(seed: 3), MetricRow(names: Learner.metricNames))
    for seed in 0..<3 { try learner.update(on: Cases.batch(20, seed: UInt64(seed)), using: &random, metrics: &metrics) }
    let before = learner
    try learner.update(on: Cases.batch(20, seed: 3), using: &random, metrics: &metrics)
    func moved(_ vector: KeyPath<Learner, Vector>) -> Bool {
      zip(before[keyPath: vector].elements, learner[keyPath: vector].elements).contains { abs($0 - $1) > 0.05 }
    }
    #expect(moved(actor) == (networks != .critics), "\(name), \(networks)")
    #expect(moved(critics) == (networks != .actor), "\(name), \(networks)")
    let taken = learner[keyPath: steps]
    #expect(taken == (networks == .actor ? 4 : 1), "\(name), \(networks): \(taken)")
  }

  @Test(arguments: ResetNetworks.allCases) func resetsDrawNetworksAnew(_ networks: ResetNetworks) throws {
    try Self.check(
      "sac", networks,
      Cases.learner {
        $0.resets.interval = 3; $0.resets.networks = networks
      }, actor: \.core.actor, critics: \.core.criticParameters, steps: \.core.criticOptimizer.steps)
    try Self.check(
      "td3", networks,
      Cases.deterministic {
        $0.resets.interval = 3; $0.resets.networks = networks
      }, actor: \.core.actor, critics: \.core.criticParameters, steps: \.core.criticOptimizer.steps)
    try Self.check(
      "crossq", networks,
      CrossQTests.learner {
        $0.resets.interval = 3; $0.resets.networks = networks
      }, actor: \.actorParameters, critics: \.criticParameters, steps: \.criticSteps)
  }

  /// A learner that was saved between resets goes on to the next as if it had not been.
  @Test func resetsComeAfterARestoration() throws {
    func learner() throws -> SoftActorCritic {
      try Cases.learner {
        ($0.resets.interval, $0.layerNormalization, $0.dropout) = (3, true, 0.1)
      }
    }
    var (whole, random, metrics) = (try learner(), RandomStream(seed: 3), Cases.metrics)
    var saved: (state: OracleState, random: RandomStream)?
    for seed in 0..<8 {
      if seed == 5 { saved = (OracleState(whole), random) }
      try whole.update(on: Cases.batch(20, seed: UInt64(seed)), using: &random, metrics: &metrics)
    }
    var (resumed, found) = (try learner(), try #require(saved))
    try found.state.restore(into: &resumed)
    for seed in 5..<8 {
      try resumed.update(on: Cases.batch(20, seed: UInt64(seed)), using: &found.random, metrics: &metrics)
    }
    #expect(OracleState(resumed) == OracleState(whole))
  }

  /// The targets of value expansion count as updates, too.
  @Test func valueUpdatesCount() throws {
    var (learner, random, metrics) = (
      try Cases.learner { $0.resets.interval = 2 }, RandomStream(seed: 3), Cases.metrics
    )
    var batch = ValueBatch(count: 20, observationSize: Cases.observationSize, actionSize: 2)
    let transitions = Cases.batch(20, seed: 1)
    batch.observations.copy(from: transitions.observations)
    batch.actions.copy(from: transitions.actions)
    for row in 0..<20 { batch.targets[row] = 1 }
    for _ in 0..<3 {
      try learner.fitValues(to: batch, metrics: &metrics)
      try learner.improvePolicy(at: batch.observations, using: &random, metrics: &metrics)
    }
    #expect(learner.core.criticOptimizer.steps == 1)
  }
}
