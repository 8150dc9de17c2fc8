import Foundation
import Interfaces
import Kernels
import Learners
import Networks
import TestSupport
import Testing

/// How deep Q-networks explore, besides epsilon-greedy.
@Suite struct DeepQExplorationTests {
  /// Frequencies of actions are the softmax of the values over the temperature, which falls; the noted probabilities
  /// agree.
  @Test func boltzmannFollowsTheValues() throws {
    var learner = try Cases.deepQNetwork {
      $0.exploration = .boltzmann
      $0.temperatureStart = 0.5
      $0.temperatureEnd = 0.5
    }
    learner.notesProbabilities = true
    let observation: [Float] = [0.5, 0.1, 0.9]
    let network = OraclePerceptron(
      widths: [Cases.observationSize, 5, 4, Cases.choices], activation: naiveActivation(.relu))
    let q = network(learner.core.parameters.doubles[...], observation.map(Double.init))
    let sum = q.reduce(0) { $0 + exp($1 / 0.5) }
    var (random, action, counts): (RandomStream, [Float], [Int]) = (RandomStream(seed: 1), [0], [0, 0, 0, 0])
    for _ in 0..<20_000 {
      learner.act(on: observation, explore: true, using: &random, action: &action)
      counts[Int(action[0])] += 1
      let expected = exp(q[Int(action[0])] / 0.5) / sum
      #expect(abs(Double(learner.probabilities[0]) - expected) < 1e-5)
    }
    for k in q.indices {
      let (share, expected) = (Double(counts[k]) / 20_000, exp(q[k] / 0.5) / sum)
      #expect(abs(share - expected) < 0.015)
    }
  }

  /// Epsilon-greedy's noted probabilities: of the best action 1 - epsilon + epsilon / K, else epsilon / K.
  @Test func epsilonGreedyProbabilities() throws {
    var learner = try Cases.deepQNetwork {
      $0.epsilonStart = 0.4
      $0.epsilonEnd = 0.4
    }
    learner.notesProbabilities = true
    let observation: [Float] = [0.5, 0.1, 0.9]
    var (random, action): (RandomStream, [Float]) = (RandomStream(seed: 1), [0])
    learner.act(on: observation, explore: false, using: &random, action: &action)
    let best = action[0]
    for _ in 0..<100 {
      learner.act(on: observation, explore: true, using: &random, action: &action)
      #expect(abs(learner.probabilities[0] - (action[0] == best ? 0.7 : 0.1)) < 1e-6)
    }
  }

  /// A noisy network's update equals the naive one for the noise that it drew: the gradient g of the noisy weights
  /// moves the means, g times the noise the scales, of the last two layers alone.
  @Test func noisyUpdatesMoveMeansAndScales() throws {
    var learner = try Cases.deepQNetwork {
      $0.noisy = true
      $0.noiseScale = 0.4
      $0.double = false
      $0.activation = .tanh
    }
    let before = learner
    let batch = Cases.batch(12, seed: 1, discrete: true)
    var (random, metrics) = (RandomStream(seed: 5), MetricRow(names: DeepQNetwork.metricNames))
    var same = random
    try learner.update(on: batch, using: &random, metrics: &metrics)

    let widths = [Cases.observationSize, 5, 4, Cases.choices]
    let network = OraclePerceptron(widths: widths, activation: naiveActivation(.tanh))
    let (means, scales) = (before.core.parameters.doubles, try #require(before.core.noise).scales.doubles)
    // the first layer's weights and biases have no noise, the others' start at 0.4 over the root of their inputs
    let first = widths[0] * widths[1] + widths[1]
    #expect(scales[..<first].allSatisfy { $0 == 0 })
    #expect(scales[first..<first + 24].allSatisfy { abs($0 - 0.4 / 5.0.squareRoot()) < 1e-6 })
    #expect(scales[(first + 24)...].allSatisfy { abs($0 - 0.2) < 1e-6 })

    func draw() -> [Double] {
      var draws = [Double](repeating: 0, count: means.count)
      var offset = first
      for layer in 1...2 {
        let (inputs, outputs) = (widths[layer], widths[layer + 1])
        var vector = Vector(count: inputs + outputs)
        same.fillNormal(&vector)
        let f = vector.elements.map { Double($0 < 0 ? -abs($0).squareRoot() : abs($0).squareRoot()) }
        for i in 0..<inputs { for o in 0..<outputs { draws[offset + i * outputs + o] = f[i] * f[inputs + o] } }
        offset += inputs * outputs
        for o in 0..<outputs { draws[offset + o] = f[inputs + o] }
        offset += outputs
      }
      return draws
    }
    let (draws, targetDraws) = (draw(), draw())
    let (target, rows) = (before.core.targets.doubles, NaiveBatch(batch))
    let targetScales = try #require(before.core.noise).targetScales.doubles
    let noisyTarget = target.indices.map { target[$0] + targetScales[$0] * targetDraws[$0] }
    let y = (0..<rows.count).map { row in
      rows.rewards[row] + 0.9 * rows.continues[row] * (network(noisyTarget[...], rows.next[row]).max() ?? 0)
    }
    func loss(_ parameters: [Double]) -> Double {
      let noisy = means.indices.map { parameters[$0] + parameters[means.count + $0] * draws[$0] }
      return (0..<rows.count).reduce(0) {
        let error = abs(network(noisy[...], rows.observations[$1])[Int(rows.actions[$1][0])] - y[$1])
        return $0 + (error > 1 ? error - 0.5 : error * error / 2)
      } / Double(rows.count)
    }
    let gradient = centralDifferences(means + scales, 0..<2 * means.count) { loss($0) }
    var (parameters, adam) = (means + scales, NaiveAdam())
    adam.step(&parameters, gradient, rate: 2e-3)
    #expect(worstGap(learner.core.parameters.doubles, Array(parameters[..<means.count])) < 1e-5)
    #expect(worstGap(try #require(learner.core.noise).scales.doubles, Array(parameters[means.count...])) < 1e-5)
    #expect(abs((metrics.mean(of: "critic_loss") ?? 0) - loss(means + scales)) < 1e-4)
  }

  /// A noisy network's decisions vary with its noise alone when exploring, and not at all when measured.
  @Test func noiseExplores() throws {
    var learner = try Cases.deepQNetwork {
      $0.noisy = true
      $0.noiseScale = 3
      $0.epsilonStart = 0
      $0.epsilonEnd = 0
    }
    let observation: [Float] = [0.5, 0.1, 0.9]
    var (random, action): (RandomStream, [Float]) = (RandomStream(seed: 1), [0])
    var seen: [Set<Float>] = [[], []]
    for _ in 0..<100 {
      for explore in 0...1 {
        learner.act(on: observation, explore: explore == 1, using: &random, action: &action)
        seen[explore].insert(action[0])
      }
    }
    #expect(seen[0].count == 1 && seen[1].count > 1)
  }

  /// An actor goes on with the parameters that it fetched last.
  @Test func actorsLag() throws {
    var learner = try Cases.deepQNetwork {
      $0.epsilonStart = 0
      $0.epsilonEnd = 0
      $0.learningRate = 0.1
    }
    learner.prepare(copies: 2)
    let observations = Cases.batch(40, seed: 9).observations
    func decisions(_ copy: Int) -> [Float] {
      var random = RandomStream(seed: 1)
      return (0..<observations.rows).map { row in
        var action: Float = -1
        learner.act(
          on: observations.pointer + row * Cases.observationSize, of: copy..<copy + 1, explore: true, using: &random,
          actions: &action)
        return action
      }
    }
    func train() throws {
      var (random, metrics) = (RandomStream(seed: 3), MetricRow(names: DeepQNetwork.metricNames))
      for seed in 1...10 {
        try learner.update(
          on: Cases.batch(30, seed: UInt64(seed), discrete: true), using: &random, metrics: &metrics)
      }
    }
    let old = decisions(0)
    learner.refreshActor(0, of: 2)
    try train()
    #expect(decisions(0) == old && decisions(1) == old)
    learner.refreshActor(1, of: 2)
    let new = decisions(1)
    #expect(decisions(0) == old && new != old)
    let copy = learner
    try train()
    #expect(decisions(1) == new)
    // saved and restored
    var restored = try Cases.deepQNetwork(seed: 2) {
      $0.epsilonStart = 0
      $0.epsilonEnd = 0
    }
    try OracleState(copy).restore(into: &restored)
    learner = restored
    #expect(decisions(0) == old && decisions(1) == new)
  }
}
