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
      let state = OracleState(learner)
      for (name, expected) in [("network", naive.parameters), ("target", naive.target)] {
        let worst = worstGap(state.doubles(name), expected)
        #expect(worst < 1e-5, "\(name) is off by \(worst) after \(update) updates")
      }
      let found = try #require(metrics.mean(of: "critic_loss"))
      #expect(abs(found - loss) < 1e-5 * max(1, loss), "loss \(found), not \(loss)")
    }
  }

  /// No action is worth more than the policy's, which is worth V, and dQ/da is 0 there.
  @Test func thePolicyIsTheBestAction() throws {
    let learner = try Cases.normalizedAdvantage { $0.hidden = [30] }
    let (critic, policy, count) = (learner.critic, learner.policy, 60)
    let states = Cases.batch(count, seed: 1).observations
    var (random, best) = (RandomStream(seed: 1), Matrix(rows: count, columns: 2))
    policy.act(on: states, explore: false, using: &random, actions: &best, policy.makeWorkspace())
    func evaluate(_ actions: Matrix) -> (values: [Float], gradients: [Float]) {
      var (values, gradients) = (Vector(count: count), Vector(count: 2 * count))
      critic.evaluate(
        count: count, observations: states.pointer, actions: actions.pointer, values: values.mutablePointer,
        observationGradients: nil, actionGradients: gradients.mutablePointer, critic.makeWorkspace())
      return (values.elements, gradients.elements)
    }
    let naive = NaiveNormalizedAdvantage(learner)
    let state = OracleState(learner).doubles("network")
    let (values, gradients) = evaluate(best)
    for row in 0..<count {
      let expected = naive.outputs(state, states.row(row).map(Double.init)).value
      #expect(abs(Double(values[row]) - expected) < 1e-5 * max(1, abs(expected)))
    }
    let slope = gradients.map(abs).max() ?? .infinity
    var steepest: Float = 0
    for _ in 0..<50 {
      var other = Matrix(rows: count, columns: 2)
      for row in 0..<count { other.setRow(row, zip(Cases.low, Cases.high).map { random.uniform($0, $1) }) }
      let elsewhere = evaluate(other)
      #expect(zip(elsewhere.values, values).allSatisfy { $0 < $1 })
      steepest = max(steepest, elsewhere.gradients.map(abs).max() ?? 0)
    }
    #expect(slope < 1e-5 * steepest, "dQ/da is \(slope) at the best actions, \(steepest) elsewhere")
  }

  /// With the noise shaped by P, actions vary around mu with covariance scale² P^-1 (in the unit box).
  @Test func precisionNoiseHasTheInverseCovariance() throws {
    var learner = try Cases.normalizedAdvantage {
      $0.precisionNoise = true
      $0.noise.scale = 0.01  // hardly ever clipped
    }
    let observation: [Float] = [0.2, 0.1, -0.3]
    let naive = NaiveNormalizedAdvantage(learner)
    let (_, mean, precision) = naive.outputs(OracleState(learner).doubles("network"), observation.map(Double.init))
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
