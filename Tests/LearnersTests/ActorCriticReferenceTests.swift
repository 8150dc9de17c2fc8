import Foundation
import Interfaces
import Kernels
import Learners
import TestSupport
import Testing

/// Updates from the same parameters, batches and draws as those in PyTorch that `Benchmarks/peers/actor_critic_torch.py`
/// wrote to a file.
@Suite struct ActorCriticReferenceTests {
  struct Case: Decodable {
    let before: [String: [Float]]
    let after: [String: [Double]]
    let batches: [Batch]
  }

  struct Batch: Decodable {
    let observations: [Float]
    let actions: [Float]
    let rewards: [Float]
    let continues: [Float]
    let next: [Float]

    var transitions: TransitionBatch {
      var batch = TransitionBatch(count: rewards.count, observationSize: Cases.observationSize, actionSize: 2)
      for row in rewards.indices {
        batch.observations.setRow(row, Array(observations[3 * row..<3 * row + 3]))
        batch.nextObservations.setRow(row, Array(next[3 * row..<3 * row + 3]))
        batch.actions.setRow(row, Array(actions[2 * row..<2 * row + 2]))
        batch.rewards[row] = rewards[row]
        batch.continues[row] = continues[row]
      }
      return batch
    }
  }

  private func check<Learner: OffPolicyLearner>(_ name: String, _ fresh: Learner) throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/actor_critic_torch.json")
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

  @Test func redqUpdatesAreTheReferences() throws {
    try check(
      "redq",
      Cases.learner {
        ($0.critics, $0.targetCritics, $0.ascent, $0.policyInterval) = (4, 2, .mean, 2)
      })
  }

  @Test func droqUpdatesAreTheReferences() throws {
    try check(
      "droq",
      Cases.learner {
        ($0.layerNormalization, $0.dropout, $0.ascent, $0.policyInterval) = (true, 0.2, .mean, 2)
      })
  }

  @Test func crossQUpdatesAreTheReferences() throws {
    try check("crossq", CrossQTests.learner())
  }
}
