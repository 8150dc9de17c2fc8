import Experience
import Foundation
import Interfaces
import Kernels
import Learners
import TestSupport
import Testing

/// Whole updates against naive ones in double precision, their gradients by central differences of the loss.
@Suite struct OnPolicyUpdateTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var steps = 6
    var copies = 3
    var isShared = false
    var change: @Sendable (inout ProximalPolicyOptimizationSettings) -> Void = { _ in }
    var testDescription: String { "\(name), \(steps) x \(copies)" }
  }

  static let cases = [
    Case(name: "categorical"),
    Case(name: "several categoricals", isShared: true) { $0.entropyWeight = 0.1 },
    Case(name: "Bernoulli") {
      $0.entropyWeight = 0.05
      $0.valueClipRange = 0.1
    },
    Case(name: "Gaussian of spread shared", isShared: true) {
      $0.entropyWeight = 0.1
      $0.maxGradientNorm = 0.05
    },
    Case(name: "Gaussian of spread state") { $0.normalizeAdvantages = false },
    Case(name: "squashed Gaussian of spread shared") { $0.entropyWeight = 0.1 },
    Case(name: "Gaussian of spread shared", steps: 50, copies: 5) { $0.batchSize = 200 },
  ]

  private func action(_ naive: NaiveDistribution) -> ActionSpace {
    switch naive.family {
    case .categorical(let counts): counts.count == 1 ? .discrete(count: counts[0]) : .multiDiscrete(counts: counts)
    case .bernoulli(let size): .multiDiscrete(counts: Array(repeating: 2, count: size))
    case .gaussian: .box(low: [-1, -3], high: [2, 1])
    }
  }

  private func policy(_ naive: NaiveDistribution) -> PolicySettings {
    OnPolicyCases.policy {
      if case .gaussian(_, let spread, let squashed) = naive.family { ($0.spread, $0.squashed) = (spread, squashed) }
    }
  }

  @Test(arguments: cases) func proximalUpdatesAreTheNaiveOnes(_ test: Case) throws {
    let naive = try #require(NaiveDistribution.all.first { $0.name == test.name })
    var settings = ProximalPolicyOptimizationSettings()
    settings.policy = policy(naive)
    settings.sharedNetwork = test.isShared
    (settings.batchSize, settings.epochs, settings.learningRate) = (5, 2, 1e-3)
    settings.learningRateSteps = 1000
    test.change(&settings)
    let space = action(naive)
    var learner = OnPolicyCases.drawn(
      ProximalPolicyOptimization(settings, spec: OnPolicyCases.spec(space), using: RandomStream(seed: 1)))
    let segment = OnPolicyCases.segment(space, steps: test.steps, copies: test.copies, seed: 2)
    let rollout = NaiveRollout(naive, segment, hidden: [5, 4], isShared: test.isShared)
    var random = RandomStream(seed: 3)
    var order = (0..<Int32(segment.rows)).map { $0 }
    var stream = random

    // the naive update
    let old = learner.parameters.doubles
    var parameters = old
    let advantages = rollout.advantages(old, discount: Double(settings.discount), lambda: Double(settings.lambda))
    let values = rollout.observations.map { rollout.value(old, $0) }
    let logs = (0..<segment.rows).map { rollout.logProbability(old, $0) }
    var adam = NaiveOptimizer(epsilon: 1e-5)
    for _ in 0..<settings.epochs {
      order.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { stream.shuffle(base, count: $0.count) } }
      for first in stride(from: 0, to: order.count, by: settings.batchSize) {
        let rows = order[first..<min(first + settings.batchSize, order.count)].map(Int.init)
        let chosen = rows.map { advantages[$0] }
        let used = settings.normalizeAdvantages ? standardized(chosen) : chosen
        func loss(_ parameters: [Double]) -> Double {
          zip(rows, used).reduce(0) { total, pair in
            let (row, advantage) = pair
            let ratio = exp(rollout.logProbability(parameters, row) - logs[row])
            let clip = Double(settings.clipRange)
            let surrogate = min(ratio * advantage, min(max(ratio, 1 - clip), 1 + clip) * advantage)
            var value = rollout.value(parameters, rollout.observations[row])
            if let limit = settings.valueClipRange.map(Double.init) {
              value = values[row] + min(max(value - values[row], -limit), limit)
            }
            let error = value - (values[row] + advantages[row])
            return total - surrogate - Double(settings.entropyWeight) * rollout.entropy(parameters, row)
              + Double(settings.valueWeight) * error * error
          } / Double(rows.count)
        }
        var gradient = centralDifferences(parameters, 0..<parameters.count, of: loss)
        let norm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
        if let limit = settings.maxGradientNorm.map(Double.init), norm > limit {
          gradient = gradient.map { $0 * limit / (norm + 1e-6) }
        }
        adam.step(&parameters, gradient, rate: 1e-3 * 0.9)
      }
    }

    var metrics = OnPolicyCases.metrics(ProximalPolicyOptimization.self)
    try learner.update(on: segment, steps: 100, using: &random, metrics: &metrics)
    let worst = worstGap(learner.parameters.doubles, parameters)
    #expect(worst < 3e-5, "parameters are off by \(worst)")
    #expect(worstGap(old, parameters) > 1e-4)
    #expect(random == stream)
    #expect(metrics.mean(of: "learning_rate").map { abs($0 - 0.9e-3) < 1e-8 } == true)
  }

  @Test(arguments: [false, true]) func advantageActorCriticUpdatesAreTheNaiveOnes(_ isShared: Bool) throws {
    let naive = NaiveDistribution.gaussian(size: 2, spread: .shared, squashed: false)
    var settings = AdvantageActorCriticSettings()
    settings.policy = OnPolicyCases.policy()
    settings.sharedNetwork = isShared
    (settings.entropyWeight, settings.lambda, settings.optimizer) = (0.02, 0.9, .tensorFlowRMSprop)
    var learner = OnPolicyCases.drawn(
      AdvantageActorCritic(settings, spec: OnPolicyCases.spec(OnPolicyCases.box), using: RandomStream(seed: 1)))
    var (parameters, squares) = (learner.parameters.doubles, [Double]())
    squares = parameters.map { _ in 1 }
    var (random, metrics) = (RandomStream(seed: 3), OnPolicyCases.metrics(AdvantageActorCritic.self))
    for seed in 1...3 {
      let segment = OnPolicyCases.segment(OnPolicyCases.box, steps: 5, copies: 4, seed: UInt64(seed))
      let rollout = NaiveRollout(naive, segment, hidden: [5, 4], isShared: isShared)
      let old = parameters
      let advantages = rollout.advantages(old, discount: 0.99, lambda: 0.9)
      var gradient = centralDifferences(old, 0..<old.count) { parameters in
        (0..<segment.rows).reduce(0) { total, row in
          let target = rollout.value(old, rollout.observations[row]) + advantages[row]
          let error = rollout.value(parameters, rollout.observations[row]) - target
          return total - advantages[row] * rollout.logProbability(parameters, row) + 0.5 * error * error
            - 0.02 * rollout.entropy(parameters, row)
        } / Double(segment.rows)
      }
      let norm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
      if norm > 0.5 { gradient = gradient.map { $0 * 0.5 / (norm + 1e-6) } }
      for i in parameters.indices {
        squares[i] = 0.99 * squares[i] + 0.01 * gradient[i] * gradient[i]
        parameters[i] -= 7e-4 * gradient[i] / (squares[i] + 1e-5).squareRoot()
      }
      try learner.update(on: segment, steps: 0, using: &random, metrics: &metrics)
      let worst = worstGap(learner.parameters.doubles, parameters)
      #expect(worst < 1e-6, "parameters are off by \(worst) after segment \(seed)")
    }
  }

  @Test func penalizedUpdatesAreTheNaiveOnes() throws {
    let naive = NaiveDistribution.gaussian(size: 2, spread: .state, squashed: false)
    var settings = KLPenalizedPolicySettings()
    settings.policy = OnPolicyCases.policy { $0.spread = .state }
    (settings.batchSize, settings.epochs, settings.initialMultiplier, settings.learningRate) = (100, 4, 3, 1e-2)
    (settings.normalizeAdvantages, settings.maxGradientNorm) = (false, nil)
    var learner = OnPolicyCases.drawn(
      KLPenalizedPolicy(settings, spec: OnPolicyCases.spec(OnPolicyCases.box), using: RandomStream(seed: 1)))
    let segment = OnPolicyCases.segment(OnPolicyCases.box, steps: 10, copies: 1, seed: 4)
    let rollout = NaiveRollout(naive, segment, hidden: [5, 4])
    let old = learner.parameters.doubles
    let advantages = rollout.advantages(old, discount: 0.99, lambda: 0.95)
    var (parameters, adam) = (old, NaiveOptimizer(epsilon: 1e-5))
    for _ in 0..<4 {
      let gradient = centralDifferences(parameters, 0..<old.count) { parameters in
        (0..<10).reduce(0) { total, row in
          let ratio = exp(rollout.logProbability(parameters, row) - rollout.logProbability(old, row))
          let target = rollout.value(old, rollout.observations[row]) + advantages[row]
          let error = rollout.value(parameters, rollout.observations[row]) - target
          return total - ratio * advantages[row] + 3 * rollout.divergence(from: old, to: parameters, row)
            + 0.5 * error * error
        } / 10
      }
      adam.step(&parameters, gradient, rate: 1e-2)
    }
    var (random, metrics) = (RandomStream(seed: 3), OnPolicyCases.metrics(KLPenalizedPolicy.self))
    try learner.update(on: segment, steps: 0, using: &random, metrics: &metrics)
    let worst = worstGap(learner.parameters.doubles, parameters)
    #expect(worst < 5e-5, "parameters are off by \(worst)")
    let divergence = (0..<10).reduce(0) { $0 + rollout.divergence(from: old, to: parameters, $1) } / 10
    #expect(abs(Double(learner.multiplier) - max(0, 3 + 30 * (divergence - 0.01))) < 1e-2)
    #expect(metrics.mean(of: "kl").map { abs($0 - divergence) < 1e-4 } == true)
  }

  /// Updates of a segment stop where the divergence is beyond the limit, and a limit of none changes nothing.
  @Test func updatesStopAtTheTargetDivergence() throws {
    func steps(_ target: Float?) throws -> Double? {
      var settings = ProximalPolicyOptimizationSettings()
      settings.policy = OnPolicyCases.policy()
      (settings.batchSize, settings.epochs, settings.learningRate, settings.targetDivergence) = (8, 5, 0.05, target)
      var learner = OnPolicyCases.drawn(
        ProximalPolicyOptimization(settings, spec: OnPolicyCases.spec(OnPolicyCases.box), using: RandomStream(seed: 1)))
      var (random, metrics) = (RandomStream(seed: 3), OnPolicyCases.metrics(ProximalPolicyOptimization.self))
      try learner.update(
        on: OnPolicyCases.segment(OnPolicyCases.box, steps: 8, copies: 2, seed: 2), steps: 0, using: &random,
        metrics: &metrics)
      return metrics.mean(of: "updates")
    }
    #expect(try steps(nil) == 10)
    #expect(try #require(try steps(0.01)) < 10)
  }
}

/// Adam in double precision with an epsilon of one's own.
struct NaiveOptimizer {
  let epsilon: Double
  private var (first, second, steps) = ([Double](), [Double](), 0)

  init(epsilon: Double) { self.epsilon = epsilon }

  mutating func step(_ parameters: inout [Double], _ gradient: [Double], rate: Double) {
    if steps == 0 { (first, second) = (gradient.map { _ in 0 }, gradient.map { _ in 0 }) }
    steps += 1
    for i in parameters.indices {
      first[i] = 0.9 * first[i] + 0.1 * gradient[i]
      second[i] = 0.999 * second[i] + 0.001 * gradient[i] * gradient[i]
      let mean = first[i] / (1 - pow(0.9, Double(steps)))
      let square = second[i] / (1 - pow(0.999, Double(steps)))
      parameters[i] -= rate * mean / (square.squareRoot() + epsilon)
    }
  }
}
