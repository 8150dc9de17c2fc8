import Foundation
import Interfaces
import Kernels
import Learners
import TestSupport
import Testing

/// Updates of off-policy learners that were made in PyTorch from given parameters and batches, case by case.
struct TorchUpdates {
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

  /// Names of a soft actor-critic's vectors.
  static var softActorCritic: [String: WritableKeyPath<SoftActorCritic, Vector>] {
    [
      "actor": \.core.actor, "critics": \.core.criticParameters, "critic_targets": \.core.criticTargets,
    ]
  }

  private let cases: [String: Case]

  /// The updates in `Fixtures/<file>.json`.
  init(_ file: String) throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/\(file).json")
    cases = try JSONDecoder().decode([String: Case].self, from: Data(contentsOf: path))
  }

  /// Has `fresh` make the updates of a case, from its parameters, and expects the parameters that the reference ends with:
  /// those of `vectors`, by their names in the file, and of the `temperature` if the learner has one.
  func check<Learner: OffPolicyLearner>(
    _ name: String, _ fresh: Learner, _ vectors: [String: WritableKeyPath<Learner, Vector>],
    temperature: KeyPath<Learner, Vector>? = nil
  ) throws {
    let reference = try #require(cases[name])
    var (learner, random) = (fresh, RandomStream(seed: 3))
    for (name, values) in reference.before {
      let path = try #require(vectors[name], "'\(name)'")
      learner[keyPath: path] = Vector(values)
    }
    let start = OracleState(learner)
    var metrics = MetricRow(names: Learner.metricNames)
    for batch in reference.batches {
      try learner.update(on: batch.transitions, using: &random, metrics: &metrics)
    }
    for (name, expected) in reference.after {
      let path = try #require(name == "log_temperature" ? temperature : vectors[name], "'\(name)'")
      let values = learner[keyPath: path].doubles
      let worst = zip(values, expected).map { abs($0 - $1) }.reduce(0, max)
      #expect(values.count == expected.count && worst < 1e-5, "\(name) is off by \(worst)")
    }
    #expect(OracleState(learner) != start, "nothing was learned")
  }
}
