import Interfaces
import Kernels
import Learners
import TestSupport

/// Small learners and batches.
enum Cases {
  static let observationSize = 3
  static let (low, high): ([Float], [Float]) = ([-2, 1], [2, 5])

  /// A learner all of whose parameters are drawn at random, targets and biases included.
  static func learner(seed: UInt64 = 1, _ change: (inout SoftActorCriticSettings) -> Void = { _ in }) throws
    -> SoftActorCritic
  {
    var settings = SoftActorCriticSettings()
    settings.hidden = [5, 4]
    settings.actorLearningRate = 1e-3
    settings.criticLearningRate = 2e-3
    settings.temperatureLearningRate = 3e-3
    settings.initialTemperature = 0.3
    settings.discount = 0.9
    settings.tau = 0.1
    change(&settings)
    var learner = SoftActorCritic(
      settings, observationSize: observationSize, low: low, high: high, using: RandomStream(seed: seed))
    var (state, random) = (OracleState(learner), RandomStream(seed: seed).child("parameters"))
    for name in ["actor", "critics", "critic_targets"] {
      state.set(name, state.elements(name, as: Float.self).map { _ in 0.5 * random.normal() })
    }
    try state.restore(into: &learner)
    return learner
  }

  /// Transitions of normal states and uniform actions, one in three of them terminal.
  static func batch(_ count: Int, seed: UInt64) -> TransitionBatch {
    var batch = TransitionBatch(count: count, observationSize: observationSize, actionSize: low.count)
    var random = RandomStream(seed: seed).child("batch")
    for row in 0..<count {
      batch.observations.setRow(row, (0..<observationSize).map { _ in random.normal() })
      batch.nextObservations.setRow(row, (0..<observationSize).map { _ in random.normal() })
      batch.actions.setRow(row, zip(low, high).map { random.uniform($0, $1) })
      batch.rewards[row] = random.normal()
      batch.continues[row] = row % 3 == 0 ? 0 : 1
    }
    return batch
  }

  static var metrics: MetricRow { MetricRow(names: SoftActorCritic.metricNames) }

  /// State of a learner after some updates, each on a batch of its own.
  static func trained(_ learner: SoftActorCritic, updates: Int, batch size: Int, seed: UInt64) throws -> OracleState {
    var (learner, random, metrics) = (learner, RandomStream(seed: seed), metrics)
    for update in 0..<updates {
      try learner.update(on: batch(size, seed: seed + UInt64(update)), using: &random, metrics: &metrics)
    }
    return OracleState(learner)
  }
}
