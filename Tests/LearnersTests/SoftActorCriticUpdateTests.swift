import Foundation
import Interfaces
import Kernels
import Learners
import Networks
import TestSupport
import Testing

/// Whole updates against the naive ones.
@Suite struct SoftActorCriticUpdateTests {
  /// An architecture and a batch: of less than a block of 128 rows, of one, of one and a part.
  struct Case: Sendable, CustomTestStringConvertible {
    var activation: Activation
    var normalized = false
    var batch: Int
    var fixedTemperature = false
    var targetEntropy: Float?
    var critics = 2
    var targetCritics = 2
    var ascent = CriticValue.least
    var policyInterval = 1
    var dropout: Float = 0

    var testDescription: String {
      "\(activation)\(normalized ? " normalized" : ""), \(batch) rows\(fixedTemperature ? ", fixed temperature" : "")"
        + ", \(critics) critics, least of \(targetCritics), \(ascent), every \(policyInterval), dropout \(dropout)"
    }
  }

  static let cases = [
    Case(activation: .relu, batch: 7), Case(activation: .silu, batch: 128), Case(activation: .tanh, batch: 200),
    Case(activation: .relu, normalized: true, batch: 150, targetEntropy: 0.7),
    Case(activation: .tanh, batch: 1, fixedTemperature: true),
    Case(activation: .relu, batch: 40, critics: 5, ascent: .mean, policyInterval: 2),
    Case(activation: .silu, batch: 130, critics: 3, targetCritics: 1),
    Case(activation: .relu, normalized: true, batch: 200, ascent: .mean, dropout: 0.3),
    Case(activation: .relu, normalized: true, batch: 20, policyInterval: 3, dropout: 0.1),
  ]

  @Test(arguments: cases) func updatesAreTheNaiveOnes(_ test: Case) throws {
    var learner = try Cases.learner {
      $0.activation = test.activation
      $0.layerNormalization = test.normalized
      $0.targetEntropy = test.targetEntropy
      if test.fixedTemperature { $0.temperatureLearningRate = 0 }
      $0.critics = test.critics
      $0.targetCritics = test.targetCritics
      $0.ascent = test.ascent
      $0.policyInterval = test.policyInterval
      $0.dropout = test.dropout
    }
    var naive = NaiveSoftActorCritic(
      learner, observationSize: Cases.observationSize, low: Cases.low, high: Cases.high)
    var random = RandomStream(seed: 3)
    for update in 1...5 {
      let batch = Cases.batch(test.batch, seed: UInt64(update))
      var (stream, noise) = (random, Vector(count: 2 * test.batch * Cases.low.count))
      stream.fillNormal(&noise)
      var subset: Set<Int> = []
      while test.critics > test.targetCritics && subset.count < test.targetCritics {
        subset.insert(stream.index(below: test.critics))
      }
      var metrics = Cases.metrics
      try learner.update(on: batch, using: &random, metrics: &metrics)
      let losses = naive.update(
        batch, noise: noise.elements, subset: subset.isEmpty ? nil : subset.sorted())

      for (name, parameters, expected) in [
        ("actor", learner.core.actor, naive.actor), ("critics", learner.core.criticParameters, naive.critics),
        ("critic targets", learner.core.criticTargets, naive.criticTargets),
        ("log temperature", learner.logTemperature, naive.logTemperature),
      ] {
        let found = parameters.doubles
        let worst = zip(found, expected).map { abs($0 - $1) }.reduce(0, max)
        #expect(found.count == expected.count && worst < 1e-5, "\(name) is off by \(worst) after \(update) updates")
      }
      for (name, expected) in [
        ("critic_loss", losses.critic), ("actor_loss", losses.actor), ("entropy", losses.entropy),
        ("q_value", losses.value), ("temperature", exp(naive.logTemperature[0])),
      ] {
        guard update % test.policyInterval == 0 || name == "critic_loss" || name == "q_value" else { continue }
        let found = try #require(metrics.mean(of: name))
        #expect(abs(found - expected) < 1e-5 * max(1, abs(expected)), "\(name) is \(found), not \(expected)")
      }
    }
    if test.fixedTemperature { #expect(abs(learner.temperature - 0.3) < 1e-6) }
  }

  /// Without exploration the mode, scaled to the bounds; with it the squashed normal distribution.
  @Test func actionsFollowTheDistribution() throws {
    var learner = try Cases.learner(seed: 4)
    let naive = NaiveSoftActorCritic(
      learner, observationSize: Cases.observationSize, low: Cases.low, high: Cases.high)
    let observation: [Float] = [0.3, -0.8, 0.5]
    let expected = naive.distribution(naive.actor, observation.map(Double.init))
    var (random, action) = (RandomStream(seed: 5), [Float](repeating: .nan, count: 2))
    learner.act(on: observation, explore: false, using: &random, action: &action)
    #expect(random == RandomStream(seed: 5), "acting without exploration draws numbers")
    for c in 0..<2 {
      let (low, high) = (Double(Cases.low[c]), Double(Cases.high[c]))
      #expect(abs(Double(action[c]) - (low + (high - low) * (tanh(expected[c].mean) + 1) / 2)) < 1e-5)
    }
    let count = 20_000
    var values = [[Double]](repeating: [], count: 2)
    for _ in 0..<count {
      learner.act(on: observation, explore: true, using: &random, action: &action)
      for c in 0..<2 {
        let (low, high) = (Double(Cases.low[c]), Double(Cases.high[c]))
        let unit = 2 * (Double(action[c]) - low) / (high - low) - 1
        if abs(unit) > 1 + 1e-6 { Issue.record("action \(action)") }
        values[c].append(atanh(min(max(unit, -1 + 1e-7), 1 - 1e-7)))
      }
    }
    for c in 0..<2 {
      let mean = values[c].reduce(0, +) / Double(count)
      let variance = values[c].reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
      let deviation = expected[c].deviation
      #expect(abs(mean - expected[c].mean) < 5 * deviation / Double(count).squareRoot())
      #expect(abs(variance / (deviation * deviation) - 1) < 0.05)
    }
  }
}
