import Archive
import Interfaces
import Kernels
import Learners
import TestSupport

/// Small learners and batches.
enum Cases {
  static let observationSize = 3
  static let (low, high): ([Float], [Float]) = ([-2, 1], [2, 5])
  /// Discrete actions.
  static let choices = 4

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
    let learner = SoftActorCritic(
      settings, observationSize: observationSize, low: low, high: high, using: RandomStream(seed: seed))
    return drawn(
      learner, [\.core.actor, \.core.criticParameters, \.core.criticTargets], seed: seed)
  }

  static func deterministic(
    seed: UInt64 = 1, _ settings: DeterministicActorCriticSettings = DeterministicActorCriticSettings(),
    _ change: (inout DeterministicActorCriticSettings) -> Void = { _ in }
  ) throws -> DeterministicActorCritic {
    var settings = settings
    settings.hidden = [5, 4]
    settings.actorLearningRate = 1e-3
    settings.criticLearningRate = 2e-3
    settings.discount = 0.9
    settings.tau = 0.1
    change(&settings)
    let learner = DeterministicActorCritic(
      settings, observationSize: observationSize, low: low, high: high, using: RandomStream(seed: seed))
    return drawn(
      learner, [\.core.actor, \.core.criticParameters, \.core.criticTargets], [\.core.actorTarget], seed: seed)
  }

  static func normalizedAdvantage(
    seed: UInt64 = 1, _ change: (inout NormalizedAdvantageFunctionSettings) -> Void = { _ in }
  ) throws -> NormalizedAdvantageFunction {
    var settings = NormalizedAdvantageFunctionSettings()
    settings.hidden = [5, 4]
    settings.learningRate = 2e-3
    settings.discount = 0.9
    settings.tau = 0.1
    change(&settings)
    let learner = NormalizedAdvantageFunction(
      settings, observationSize: observationSize, low: low, high: high, using: RandomStream(seed: seed))
    return drawn(learner, [\.core.parameters, \.core.targets], seed: seed)
  }

  static func maximized(
    seed: UInt64 = 1, _ change: (inout MaximizedQLearningSettings) -> Void = { _ in }
  ) throws -> MaximizedQLearning {
    var settings = MaximizedQLearningSettings()
    settings.hidden = [5, 4]
    settings.learningRate = 2e-3
    settings.discount = 0.9
    settings.tau = 0.1
    settings.lag = 2
    settings.search.samples = 8
    settings.search.elites = 3
    change(&settings)
    let learner = MaximizedQLearning(
      settings, observationSize: observationSize, low: low, high: high, using: RandomStream(seed: seed))
    return drawn(learner, [\.parameters, \.targets], [\.lagged], seed: seed)
  }

  static func deepQNetwork(
    seed: UInt64 = 1, _ change: (inout DeepQNetworkSettings) -> Void = { _ in }
  ) throws -> DeepQNetwork {
    var settings = DeepQNetworkSettings()
    settings.hidden = [5, 4]
    settings.learningRate = 2e-3
    settings.discount = 0.9
    settings.targetInterval = 2
    settings.tau = 0.3
    settings.epsilonSteps = 5
    change(&settings)
    let learner = DeepQNetwork(
      settings, observationSize: observationSize, actions: choices, using: RandomStream(seed: seed))
    return drawn(learner, [\.core.parameters, \.core.targets], seed: seed)
  }

  /// The learner with every element of some vectors drawn at random, and of others where there are any.
  private static func drawn<Learner>(
    _ learner: Learner, _ vectors: [WritableKeyPath<Learner, Vector>],
    _ optional: [WritableKeyPath<Learner, Vector?>] = [], seed: UInt64
  ) -> Learner {
    var (learner, random) = (learner, RandomStream(seed: seed).child("parameters"))
    for path in vectors { learner[keyPath: path] = normals(learner[keyPath: path].count, using: &random) }
    for path in optional {
      if let count = learner[keyPath: path]?.count { learner[keyPath: path] = normals(count, using: &random) }
    }
    return learner
  }

  private static func normals(_ count: Int, using random: inout RandomStream) -> Vector {
    Vector((0..<count).map { _ in 0.5 * random.normal() })
  }

  /// Transitions of normal states and uniform actions, one in three of them terminal.
  static func batch(_ count: Int, seed: UInt64, discrete: Bool = false) -> TransitionBatch {
    var batch = TransitionBatch(
      count: count, observationSize: observationSize, actionSize: discrete ? 1 : low.count)
    var random = RandomStream(seed: seed).child("batch")
    for row in 0..<count {
      batch.observations.setRow(row, (0..<observationSize).map { _ in random.normal() })
      batch.nextObservations.setRow(row, (0..<observationSize).map { _ in random.normal() })
      batch.actions.setRow(
        row, discrete ? [Float(random.index(below: choices))] : zip(low, high).map { random.uniform($0, $1) })
      batch.rewards[row] = random.normal()
      batch.continues[row] = row % 3 == 0 ? 0 : 1
    }
    return batch
  }

  static var metrics: MetricRow { MetricRow(names: SoftActorCritic.metricNames) }
}
