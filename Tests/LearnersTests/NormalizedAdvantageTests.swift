import Foundation
import Interfaces
import Kernels
import Learners
import Networks
import TestSupport
import Testing

/// NAF: whole updates against the naive ones, and what is known of the values' shape.
@Suite struct NormalizedAdvantageTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var batch: Int
    var change: @Sendable (inout NormalizedAdvantageFunctionSettings) -> Void
    var testDescription: String { "\(name), \(batch) rows" }
  }

  static let cases = [
    Case(name: "tanh", batch: 130) { $0.activation = .tanh }, Case(name: "silu", batch: 7) { $0.activation = .silu },
    Case(name: "normalized relu", batch: 64) { $0.layerNormalization = true },
  ]

  @Test(arguments: cases) func updatesAreTheNaiveOnes(_ test: Case) throws {
    var learner = try Cases.normalizedAdvantage { test.change(&$0) }
    var naive = NaiveNormalizedAdvantage(learner)
    var random = RandomStream(seed: 3)
    for update in 1...5 {
      let batch = Cases.batch(test.batch, seed: UInt64(update))
      var metrics = MetricRow(names: NormalizedAdvantageFunction.metricNames)
      try learner.update(on: batch, using: &random, metrics: &metrics)
      let loss = naive.update(batch)
      for (name, parameters, expected) in [
        ("network", learner.core.parameters, naive.parameters), ("target", learner.core.targets, naive.target),
      ] {
        let worst = worstGap(parameters.doubles, expected)
        #expect(worst < 1e-5, "\(name) is off by \(worst) after \(update) updates")
      }
      let found = try #require(metrics.mean(of: "critic_loss"))
      #expect(abs(found - loss) < 1e-5 * max(1, loss), "loss \(found), not \(loss)")
    }
  }

  /// The policy's action is mu, of which the naive Q-function says that no other is worth more, and its worth is V.
  @Test func thePolicyIsTheBestAction() throws {
    let learner = try Cases.normalizedAdvantage { $0.hidden = [30] }
    let (policy, count) = (learner.policy, 60)
    let states = Cases.batch(count, seed: 1).observations
    var (random, best) = (RandomStream(seed: 1), Matrix(rows: count, columns: 2))
    policy.act(on: states, explore: false, using: &random, actions: &best, policy.makeWorkspace())
    let naive = NaiveNormalizedAdvantage(learner)
    let parameters = learner.core.parameters.doubles
    for row in 0..<count {
      let observation = states.row(row).map(Double.init)
      let (value, mean, precision) = naive.outputs(parameters, observation)
      let unit = zip(best.row(row), zip(Cases.low, Cases.high)).map { action, bounds in
        Double((2 * action - bounds.0 - bounds.1) / (bounds.1 - bounds.0))
      }
      #expect(zip(unit, mean).allSatisfy { abs($0 - $1) < 1e-5 })
      // Q(s, a) = V - (a - mu)' P (a - mu) / 2 < V elsewhere, as P is positive definite
      for _ in 0..<20 {
        let shift = mean.map { Double(random.uniform(-1, 1)) - $0 }
        var form = 0.0
        for i in 0..<2 { for j in 0..<2 { form += shift[i] * precision[i][j] * shift[j] } }
        #expect(value - form / 2 < value)
      }
    }
  }

  /// With the noise shaped by P, actions vary around mu with covariance scale² P^-1 (in the unit box).
  @Test func precisionNoiseHasTheInverseCovariance() throws {
    var learner = try Cases.normalizedAdvantage {
      $0.precisionNoise = true
      $0.noise.scale = 0.01  // hardly ever clipped
    }
    let observation: [Float] = [0.2, 0.1, -0.3]
    let naive = NaiveNormalizedAdvantage(learner)
    let (_, mean, precision) = naive.outputs(learner.core.parameters.doubles, observation.map(Double.init))
    let determinant = precision[0][0] * precision[1][1] - precision[0][1] * precision[1][0]
    let covariance = [
      [precision[1][1] / determinant, -precision[0][1] / determinant],
      [-precision[1][0] / determinant, precision[0][0] / determinant],
    ]
    let count = 40_000
    var (random, action, sums) = (RandomStream(seed: 1), [Float](repeating: 0, count: 2), [[0.0, 0], [0, 0]])
    for _ in 0..<count {
      learner.act(on: observation, explore: true, using: &random, action: &action)
      let unit = (0..<2).map {
        2 * Double(action[$0] - Cases.low[$0]) / Double(Cases.high[$0] - Cases.low[$0]) - 1 - mean[$0]
      }
      for i in 0..<2 { for j in 0..<2 { sums[i][j] += unit[i] * unit[j] / Double(count) } }
    }
    for i in 0..<2 {
      for j in 0..<2 {
        let expected = 1e-4 * covariance[i][j]
        let scale = 1e-4 * (covariance[i][i] * covariance[j][j]).squareRoot()
        #expect(abs(sums[i][j] - expected) < 0.04 * scale, "[\(i), \(j)]: \(sums[i][j]), expected \(expected)")
      }
    }
  }

  @Test(arguments: [UInt64(1), 2, 3]) func findsTheBestActionOfAQuadraticBandit(_ seed: UInt64) throws {
    var (settings, random) = (NormalizedAdvantageFunctionSettings(), RandomStream(seed: seed))
    settings.hidden = [32, 32]
    settings.learningRate = 3e-3
    let (low, high): (Float, Float) = (-3, 1)
    var learner = NormalizedAdvantageFunction(
      settings, observationSize: 1, low: [low], high: [high], using: random.child("learner"))
    try Bandit.train(&learner, low: low, high: high, updates: 1500, using: &random)
    let worst = Bandit.worstAction(&learner)
    #expect(worst < 0.15, "an action is off by \(worst)")
  }
}
