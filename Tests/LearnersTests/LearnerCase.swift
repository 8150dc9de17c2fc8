import Interfaces
import Kernels
import Learners
import Networks
import TestSupport
import Testing

/// How to make one kind of learner, for tests of what all must do.
protocol LearnerFactory {
  associatedtype Learner: ValueLearner & SendableMetatype

  static var name: String { get }
  static var isDiscrete: Bool { get }
  static func learner(seed: UInt64, hidden: [Int]) throws -> Learner
}

extension LearnerFactory {
  static var isDiscrete: Bool { false }
  static var actionSize: Int { isDiscrete ? 1 : Cases.low.count }
  static var metrics: MetricRow { MetricRow(names: Learner.metricNames) }

  static func wide(seed: UInt64 = 1) throws -> Learner { try learner(seed: seed, hidden: [40, 24]) }

  static func batch(_ count: Int, seed: UInt64) -> TransitionBatch {
    Cases.batch(count, seed: seed, discrete: isDiscrete)
  }

  /// State of a learner after some updates, each on a batch of its own.
  static func trained(_ learner: Learner, updates: Int, batch size: Int, seed: UInt64) throws -> OracleState {
    var (learner, random, metrics) = (learner, RandomStream(seed: seed), metrics)
    for update in 0..<updates {
      try learner.update(on: batch(size, seed: seed + UInt64(update)), using: &random, metrics: &metrics)
    }
    return OracleState(learner)
  }
}

/// Every learner of the module, by name.
struct LearnerCase: Sendable, CustomTestStringConvertible {
  let factory: any (LearnerFactory & SendableMetatype).Type

  var testDescription: String { factory.name }

  static let all: [LearnerCase] = [
    LearnerCase(factory: Soft.self), LearnerCase(factory: TwinDelayed.self),
    LearnerCase(factory: DeepDeterministic.self),
    LearnerCase(factory: NormalizedAdvantages.self), LearnerCase(factory: DeepQ.self),
    LearnerCase(factory: DuelingDeepQ.self), LearnerCase(factory: Randomized.self),
    LearnerCase(factory: Dropped.self), LearnerCase(factory: CrossEntropyMaximized.self),
    LearnerCase(factory: CovarianceAdaptationMaximized.self), LearnerCase(factory: CategoricalDeepQ.self),
    LearnerCase(factory: QuantileDeepQ.self), LearnerCase(factory: Reduced.self),
  ]
}

enum Soft: LearnerFactory {
  static let name = "sac"
  static func learner(seed: UInt64, hidden: [Int]) throws -> SoftActorCritic {
    try Cases.learner(seed: seed) { $0.hidden = hidden }
  }
}

/// With products of bfloat16 numbers in the widest layers.
enum Reduced: LearnerFactory {
  static let name = "sac-bfloat16"
  static func learner(seed: UInt64, hidden: [Int]) throws -> SoftActorCritic {
    try Cases.learner(seed: seed) {
      $0.hidden = hidden.map { $0 + 40 }
      $0.precision = .bfloat16
    }
  }
}

enum Randomized: LearnerFactory {
  static let name = "redq"
  static func learner(seed: UInt64, hidden: [Int]) throws -> SoftActorCritic {
    try Cases.learner(seed: seed) {
      $0.hidden = hidden
      $0.critics = 5
      $0.ascent = .mean
    }
  }
}

enum Dropped: LearnerFactory {
  static let name = "droq"
  static func learner(seed: UInt64, hidden: [Int]) throws -> SoftActorCritic {
    try Cases.learner(seed: seed) {
      $0.hidden = hidden
      $0.layerNormalization = true
      $0.dropout = 0.1
    }
  }
}

enum TwinDelayed: LearnerFactory {
  static let name = "td3"
  static func learner(seed: UInt64, hidden: [Int]) throws -> DeterministicActorCritic {
    try Cases.deterministic(seed: seed) { $0.hidden = hidden }
  }
}

enum DeepDeterministic: LearnerFactory {
  static let name = "ddpg"
  static func learner(seed: UInt64, hidden: [Int]) throws -> DeterministicActorCritic {
    try Cases.deterministic(seed: seed, .deepDeterministic) {
      $0.hidden = hidden
      $0.noise.kind = .ornsteinUhlenbeck
    }
  }
}

enum NormalizedAdvantages: LearnerFactory {
  static let name = "naf"
  static func learner(seed: UInt64, hidden: [Int]) throws -> NormalizedAdvantageFunction {
    try Cases.normalizedAdvantage(seed: seed) {
      $0.hidden = hidden
      $0.precisionNoise = true
    }
  }
}

enum DeepQ: LearnerFactory {
  static let name = "dqn"
  static let isDiscrete = true
  static func learner(seed: UInt64, hidden: [Int]) throws -> DeepQNetwork {
    try Cases.deepQNetwork(seed: seed) {
      $0.hidden = hidden
      $0.double = false
    }
  }
}

enum DuelingDeepQ: LearnerFactory {
  static let name = "dqn, double and dueling"
  static let isDiscrete = true
  static func learner(seed: UInt64, hidden: [Int]) throws -> DeepQNetwork {
    try Cases.deepQNetwork(seed: seed) {
      $0.hidden = hidden
      $0.dueling = true
    }
  }
}

enum CrossEntropyMaximized: LearnerFactory {
  static let name = "maximized-q by cem"
  static func learner(seed: UInt64, hidden: [Int]) throws -> MaximizedQLearning {
    try Cases.maximized(seed: seed) {
      $0.hidden = hidden
      $0.epsilon = 0.2
    }
  }
}

enum CategoricalDeepQ: LearnerFactory {
  static let name = "dqn, categorical, double and dueling"
  static let isDiscrete = true
  static func learner(seed: UInt64, hidden: [Int]) throws -> DeepQNetwork {
    try Cases.deepQNetwork(seed: seed) {
      $0.hidden = hidden
      $0.dueling = true
      $0.distribution = .categorical
      $0.lowestReturn = -5
      $0.returnRange = 10
      $0.atoms = 11
    }
  }
}

enum CovarianceAdaptationMaximized: LearnerFactory {
  static let name = "maximized-q by cma_es"
  static func learner(seed: UInt64, hidden: [Int]) throws -> MaximizedQLearning {
    try Cases.maximized(seed: seed) {
      $0.hidden = hidden
      $0.search.method = .cmaES
      $0.clipped = false
      $0.averagedPolicy = true
      $0.loss = .crossEntropy
      ($0.valueLow, $0.valueHigh) = (-4, 3)
    }
  }
}

enum QuantileDeepQ: LearnerFactory {
  static let name = "dqn, quantiles"
  static let isDiscrete = true
  static func learner(seed: UInt64, hidden: [Int]) throws -> DeepQNetwork {
    try Cases.deepQNetwork(seed: seed) {
      $0.hidden = hidden
      $0.double = false
      $0.distribution = .quantile
      $0.atoms = 9
    }
  }
}
