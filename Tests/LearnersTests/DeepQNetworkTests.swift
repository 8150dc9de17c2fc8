import Foundation
import Interfaces
import Kernels
import Learners
import Networks
import TestSupport
import Testing

/// Deep Q-networks: whole updates against naive ones, and a task whose values are known.
@Suite struct DeepQNetworkTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var batch: Int
    var double: Bool
    var dueling: Bool
    var errorLimit: Float = 1
    var testDescription: String { "double \(double), dueling \(dueling), \(batch) rows" }
  }

  static let cases = [
    Case(batch: 7, double: false, dueling: false), Case(batch: 140, double: true, dueling: false),
    Case(batch: 128, double: false, dueling: true), Case(batch: 60, double: true, dueling: true, errorLimit: 0.3),
  ]

  /// The same by plain loops in double precision.
  private struct Naive {
    let settings: DeepQNetworkSettings
    let network: OraclePerceptron
    var (parameters, target): ([Double], [Double])
    var adam = NaiveAdam()
    var updates = 0

    init(_ learner: DeepQNetwork) {
      settings = learner.settings
      network = OraclePerceptron(
        widths: [Cases.observationSize] + settings.hidden + [Cases.choices + (settings.dueling ? 1 : 0)],
        activation: naiveActivation(settings.activation))
      (parameters, target) = (learner.core.parameters.doubles, learner.core.targets.doubles)
      precondition(parameters.count == network.count, "another layout")
    }

    func values(_ parameters: [Double], _ observation: [Double]) -> [Double] {
      let row = network(parameters[...], observation)
      guard settings.dueling else { return row }
      let mean = row.dropFirst().reduce(0, +) / Double(row.count - 1)
      return row.dropFirst().map { row[0] + $0 - mean }
    }

    mutating func update(_ transitions: TransitionBatch) -> Double {
      let batch = NaiveBatch(transitions)
      let targets = (0..<batch.count).map { index in
        let judged = values(target, batch.next[index])
        let chooser = settings.double ? values(parameters, batch.next[index]) : judged
        let best = chooser.indices.max { chooser[$0] < chooser[$1] } ?? 0
        return batch.rewards[index] + Double(settings.discount) * batch.continues[index] * judged[best]
      }
      let limit = Double(settings.errorLimit)
      func loss(_ parameters: [Double]) -> Double {
        (0..<batch.count).reduce(0) {
          let error = abs(values(parameters, batch.observations[$1])[Int(batch.actions[$1][0])] - targets[$1])
          return $0 + (error > limit ? limit * (error - limit / 2) : error * error / 2)
        } / Double(batch.count)
      }
      let before = loss(parameters)
      let gradient = centralDifferences(parameters, 0..<parameters.count) { loss($0) }
      adam.step(&parameters, gradient, rate: Double(settings.learningRate))
      updates += 1
      if updates % settings.targetInterval == 0 {
        for i in target.indices { target[i] += Double(settings.tau) * (parameters[i] - target[i]) }
      }
      return before
    }
  }

  @Test(arguments: cases) func updatesAreTheNaiveOnes(_ test: Case) throws {
    var learner = try Cases.deepQNetwork {
      $0.double = test.double
      $0.dueling = test.dueling
      $0.errorLimit = test.errorLimit
      $0.activation = .tanh
    }
    var naive = Naive(learner)
    var random = RandomStream(seed: 3)
    for update in 1...5 {
      let batch = Cases.batch(test.batch, seed: UInt64(update), discrete: true)
      var metrics = MetricRow(names: DeepQNetwork.metricNames)
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

  /// Adam's first step moves what has a gradient by the learning rate, which falls with the decisions: half of it is left
  /// after half of them, nothing in the end.
  @Test(arguments: [(0, Float(2e-3)), (50, 1e-3), (100, 0), (150, 0)])
  func theLearningRateFalls(_ decisions: Int, _ rate: Float) throws {
    var learner = try Cases.deepQNetwork { $0.learningRateSteps = 100 }
    learner.countDecisions(decisions)
    let before = learner.core.parameters
    var (random, metrics) = (RandomStream(seed: 3), MetricRow(names: DeepQNetwork.metricNames))
    try learner.update(on: Cases.batch(40, seed: 1, discrete: true), using: &random, metrics: &metrics)
    let moves = zip(before.elements, learner.core.parameters.elements).map { abs($0 - $1) }
    #expect(abs((moves.max() ?? 0) - rate) < 1e-5, "\(moves.max() ?? 0)")
  }

  /// The share of random actions falls along the line, and all choices occur.
  @Test func explorationFollowsTheSchedule() throws {
    var learner = try Cases.deepQNetwork {
      $0.epsilonStart = 0.8
      $0.epsilonEnd = 0.2
      $0.epsilonSteps = 30_000
    }
    let observation: [Float] = [0.5, 0.1, 0.9]
    var (random, action): (RandomStream, [Float]) = (RandomStream(seed: 1), [0])
    learner.act(on: observation, explore: false, using: &random, action: &action)
    let best = action[0]
    #expect(learner.epsilon == 0.8)
    var others = 0
    for step in 1...45_000 {
      learner.act(on: observation, explore: true, using: &random, action: &action)
      #expect((0..<4).contains(action[0]))
      if action[0] != best { others += 1 }
      if step == 15_000 {
        #expect(abs(learner.epsilon - 0.5) < 1e-4)
        // a quarter of the random actions are the best one
        #expect(abs(Double(others) / 15_000 - 0.75 * 0.65) < 0.02, "\(others)")
      }
      if step == 30_000 { others = 0 }
    }
    #expect(abs(Double(others) / 15_000 - 0.75 * 0.2) < 0.015, "\(others)")
  }

  /// States 0...4 in a row; left and right move by one, and arriving at 4 earns 1 and ends. The value of going right in state
  /// s is 0.8^(3 - s), of going left 0.8 times the best of the state to the left.
  @Test(arguments: [false, true], [false, true]) func learnsTheValuesOfAChain(_ double: Bool, _ dueling: Bool) throws {
    try learnTheChain {
      $0.double = double
      $0.dueling = dueling
    }
  }

  @Test(arguments: [DeepQNetworkSettings.Distribution.categorical, .quantile], [false, true])
  func distributionsAndNoiseLearnTheChain(_ distribution: DeepQNetworkSettings.Distribution, _ noisy: Bool) throws {
    try learnTheChain(within: 0.06) {
      $0.distribution = distribution
      ($0.atoms, $0.lowestReturn, $0.returnRange) = (21, -0.5, 2)
      $0.noisy = noisy
      $0.noiseScale = 0.1
    }
  }

  private func learnTheChain(
    within tolerance: Float = 0.02, _ change: (inout DeepQNetworkSettings) -> Void
  ) throws {
    var (settings, random) = (DeepQNetworkSettings(), RandomStream(seed: 5))
    settings.hidden = [32]
    change(&settings)
    settings.discount = 0.8
    settings.learningRate = 3e-3
    settings.targetInterval = 20
    var learner = DeepQNetwork(settings, observationSize: 4, actions: 2, using: random.child("learner"))
    func features(_ state: Int) -> [Float] { (0..<4).map { $0 == state ? 1 : 0 } }
    var (batch, metrics) = (
      TransitionBatch(count: 32, observationSize: 4, actionSize: 1), MetricRow(names: DeepQNetwork.metricNames)
    )
    for _ in 0..<1500 {
      for row in 0..<32 {
        let (state, action) = (random.index(below: 4), random.index(below: 2))
        let next = max(0, state + (action == 1 ? 1 : -1))
        batch.observations.setRow(row, features(state))
        batch.actions[row, 0] = Float(action)
        batch.nextObservations.setRow(row, features(next))
        batch.rewards[row] = next == 4 ? 1 : 0
        batch.continues[row] = next == 4 ? 0 : 1
      }
      try learner.update(on: batch, using: &random, metrics: &metrics)
    }
    let bootstrap = learner.bootstrap
    let workspace = bootstrap.makeWorkspace()
    for state in 0..<4 {
      var (value, action): ([Float], [Float]) = ([0], [0])
      bootstrap.values(count: 1, of: features(state), using: &random, values: &value, workspace)
      let expected = pow(0.8, Float(3 - state))
      #expect(abs(value[0] - expected) < tolerance, "value \(value[0]) of state \(state), expected \(expected)")
      learner.act(on: features(state), explore: false, using: &random, action: &action)
      #expect(action == [1])
    }
  }
}
