import Foundation
import Interfaces
import Kernels
import Learners
import TestSupport
import Testing

/// Updates of offline learners from the same parameters, batches and draws as those in PyTorch that
/// `Benchmarks/peers/offline_torch.py` wrote to a file.
@Suite struct OfflineReferenceTests {
  private struct Case: Decodable {
    let before: [String: [Float]]
    let after: [String: [Double]]
    let batches: [Batch]
  }

  private struct Batch: Decodable {
    let observations: [Float]
    let actions: [Float]
    let rewards: [Float]
    let continues: [Float]
    let next: [Float]

    var transitions: TransitionBatch {
      let width = actions.count / rewards.count
      var batch = TransitionBatch(count: rewards.count, observationSize: Cases.observationSize, actionSize: width)
      for row in rewards.indices {
        batch.observations.setRow(row, Array(observations[3 * row..<3 * row + 3]))
        batch.nextObservations.setRow(row, Array(next[3 * row..<3 * row + 3]))
        batch.actions.setRow(row, Array(actions[width * row..<width * (row + 1)]))
        batch.rewards[row] = rewards[row]
        batch.continues[row] = continues[row]
      }
      return batch
    }
  }

  private func check<Learner: OffPolicyLearner>(_ name: String, _ fresh: Learner) throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/offline_torch.json")
    let cases = try JSONDecoder().decode([String: Case].self, from: Data(contentsOf: path))
    let reference = try #require(cases[name])
    var (learner, state, random) = (fresh, OracleState(fresh), RandomStream(seed: 3))
    for (name, values) in reference.before { state.set(name, values) }
    try state.restore(into: &learner)
    var metrics = MetricRow(names: Learner.metricNames)
    for batch in reference.batches {
      try learner.update(on: batch.transitions, using: &random, metrics: &metrics)
    }
    let found = OracleState(learner)
    for (name, expected) in reference.after {
      let values = found.doubles(name)
      let worst = zip(values, expected).map { abs($0 - $1) }.reduce(0, max)
      #expect(values.count == expected.count && worst < 1e-5, "\(name) is off by \(worst)")
    }
    #expect(found != state, "nothing was learned")
  }

  @Test func implicitUpdatesAreTheReferences() throws {
    try check("iql", Self.implicit())
  }

  @Test func conservativeUpdatesAreTheReferences() throws {
    try check(
      "cql",
      Cases.learner { ($0.conservatism, $0.conservativeActions, $0.entropyInTargets) = (0.7, 3, false) })
  }

  @Test(arguments: [false, true])
  func conservativeUpdatesOfDiscreteActionsAreTheReferences(dueling: Bool) throws {
    try check(
      dueling ? "dueling" : "dqn",
      Cases.deepQNetwork {
        ($0.conservatism, $0.dueling, $0.targetInterval, $0.tau) = (0.7, dueling, 1, 0.1)
      })
  }

  /// A copy learns as the original does, and from its own parameters.
  @Test func copiesAreValues() throws {
    var (first, random) = (Self.implicit(), RandomStream(seed: 1))
    var metrics = MetricRow(names: ImplicitQLearning.metricNames)
    var second = first
    let untouched = OracleState(second)
    try first.update(on: Cases.batch(20, seed: 1), using: &random, metrics: &metrics)
    #expect(OracleState(second) == untouched)
    try second.update(on: Cases.batch(20, seed: 1), using: &random, metrics: &metrics)
    #expect(OracleState(second) == OracleState(first))
  }

  private static func implicit() -> ImplicitQLearning {
    var settings = ImplicitQLearningSettings()
    settings.hidden = [5, 4]
    settings.expectile = 0.8
    settings.inverseTemperature = 2
    settings.largestWeight = 1.5
    settings.actorLearningRate = 1e-3
    settings.actorDecay = 10
    settings.criticLearningRate = 2e-3
    settings.valueLearningRate = 4e-3
    settings.discount = 0.9
    settings.tau = 0.1
    return ImplicitQLearning(
      settings, observationSize: Cases.observationSize, low: Cases.low, high: Cases.high, using: RandomStream(seed: 1))
  }
}
