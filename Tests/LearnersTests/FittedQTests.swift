import Archive
import Interfaces
import Kernels
import Learners
import TestSupport
import Testing

/// Fitted Q iteration against exact solutions, and its network against NumPy.
@Suite struct FittedQTests {
  /// Four states in a row, left and right, 0.2 of slipping; the right end pays 1 and ends the episode, the left end
  /// stays.
  private struct Row {
    let discount = 0.8

    /// Outcomes of an action in tenths.
    func outcomes(_ state: Int, _ action: Int) -> [(next: Int, tenths: Int, reward: Float, continues: Float)] {
      [(action, 8), (1 - action, 2)].map { direction, tenths in
        let next = direction == 0 ? max(state - 1, 0) : state + 1
        return next == 4 ? (3, tenths, 1, 0) : (next, tenths, 0, 1)
      }
    }

    /// Every outcome as often as it should come, with one-hot observations.
    var batch: TransitionBatch {
      var rows: [(Int, Int, Int, Float, Float)] = []
      for state in 0..<4 {
        for action in 0..<2 {
          for outcome in outcomes(state, action) {
            for _ in 0..<outcome.tenths {
              rows.append((state, action, outcome.next, outcome.reward, outcome.continues))
            }
          }
        }
      }
      var batch = TransitionBatch(count: rows.count, observationSize: 4, actionSize: 1)
      for (row, transition) in rows.enumerated() {
        batch.observations[row, transition.0] = 1
        batch.actions[row, 0] = Float(transition.1)
        batch.nextObservations[row, transition.2] = 1
        batch.rewards[row] = transition.3
        batch.continues[row] = transition.4
      }
      return batch
    }

    /// Q after `rounds` of exact value iteration from 0.
    func exact(rounds: Int) -> [Double] {
      var q = [Double](repeating: 0, count: 8)
      for _ in 0..<rounds {
        var next = [Double](repeating: 0, count: 8)
        for pair in 0..<8 {
          for outcome in outcomes(pair / 2, pair % 2) {
            let best: Double = max(q[2 * outcome.next], q[2 * outcome.next + 1])
            let target: Double = Double(outcome.reward) + discount * Double(outcome.continues) * best
            next[pair] += Double(outcome.tenths) / 10 * target
          }
        }
        q = next
      }
      return q
    }
  }

  /// Trees that are grown to the end, linear weights of one-hot observations and the nearest examples (all ten of a
  /// pair) are tables: each round is one of value iteration.
  @Test(arguments: [QRegressor.trees, .linear, .nearest]) func isValueIterationInATable(_ regressor: QRegressor) throws
  {
    let row = Row()
    var settings = FittedQSettings()
    (settings.regressor, settings.discount, settings.iterations) = (regressor, Float(row.discount), 3)
    (settings.trees.trees, settings.trees.minimalSplit, settings.trees.minimalLeaf) = (3, 2, 1)
    settings.linear.features = .identity
    settings.nearest.count = 10
    for rounds in [1, 3, 100] {
      settings.iterations = rounds
      var learner = FittedQIteration(settings, observationSize: 4, actions: 2, using: RandomStream(seed: 1))
      var metrics = MetricRow(names: FittedQIteration.metricNames(settings))
      try learner.fit(to: row.batch, using: RandomStream(seed: 2), metrics: &metrics)
      let exact = row.exact(rounds: rounds)
      for state in 0..<4 {
        let values = learner.values(at: (0..<4).map { $0 == state ? 1 : 0 })
        for action in 0..<2 {
          #expect(abs(Double(values[action]) - exact[2 * state + action]) < 1e-5, "\(regressor), \(rounds) rounds")
        }
      }
      #expect(metrics.mean(of: "transitions") == 80)
      if rounds == 100 { #expect((metrics.mean(of: "target_change") ?? 1) < 1e-6) }
    }
  }

  /// Codes of two numbers tell four states apart: values on them are those of the table.
  @Test(arguments: [QRegressor.trees, .nearest]) func isValueIterationOnCodes(_ regressor: QRegressor) throws {
    let row = Row()
    var settings = FittedQSettings()
    (settings.regressor, settings.discount, settings.iterations) = (regressor, Float(row.discount), 40)
    (settings.trees.trees, settings.trees.minimalSplit, settings.trees.minimalLeaf) = (3, 2, 1)
    (settings.nearest.count, settings.latent.size, settings.latent.epochs) = (10, 2, 100)
    var learner = FittedQIteration(settings, observationSize: 4, actions: 2, using: RandomStream(seed: 1))
    var metrics = MetricRow(names: FittedQIteration.metricNames(settings))
    #expect(learner.values(at: [1, 0, 0, 0]) == [0, 0])
    try learner.fit(to: row.batch, using: RandomStream(seed: 2), metrics: &metrics)
    let exact = row.exact(rounds: 40)
    for state in 0..<4 {
      let values = learner.values(at: (0..<4).map { $0 == state ? 1 : 0 })
      for action in 0..<2 { #expect(abs(Double(values[action]) - exact[2 * state + action]) < 1e-5) }
    }
    #expect((metrics.mean(of: "reconstruction_explained") ?? 0) > 0.5)
  }

  /// Codes stay as they are after the first fit, unless the autoencoder is trained again.
  @Test(arguments: [false, true]) func trainsAgainIfAsked(_ retrains: Bool) throws {
    var settings = FittedQSettings()
    (settings.regressor, settings.iterations) = (.nearest, 1)
    (settings.latent.size, settings.latent.epochs, settings.latent.retrain) = (2, 2, retrains)
    var learner = FittedQIteration(settings, observationSize: 4, actions: 2, using: RandomStream(seed: 1))
    func weights() throws -> [Float] {
      var metrics = MetricRow(names: FittedQIteration.metricNames(settings))
      try learner.fit(to: Row().batch, using: RandomStream(seed: 2), metrics: &metrics)
      return try #require(OracleState(learner).file.tensors["latent.parameters"]?.elements(as: Float.self))
    }
    let first = try weights()
    #expect(try weights() == first ? !retrains : retrains)
  }

  /// A network that is large enough finds the values, too.
  @Test func networkFindsTheValues() throws {
    let row = Row()
    var settings = FittedQSettings()
    (settings.regressor, settings.discount, settings.iterations) = (.neural, Float(row.discount), 25)
    settings.neural.epochs = 100
    var learner = FittedQIteration(settings, observationSize: 4, actions: 2, using: RandomStream(seed: 1))
    var metrics = MetricRow(names: FittedQIteration.metricNames(settings))
    try learner.fit(to: row.batch, using: RandomStream(seed: 2), metrics: &metrics)
    let exact = row.exact(rounds: 25)
    for state in 0..<4 {
      let values = learner.values(at: (0..<4).map { $0 == state ? 1 : 0 })
      for action in 0..<2 { #expect(abs(Double(values[action]) - exact[2 * state + action]) < 0.02) }
    }
  }

  // MARK: - The network's regression

  private struct Request: Encodable {
    var (sizes, parameters): ([Int], [Float])
    var (observations, actions, targets): ([[Float]], [Int], [Float])
    var (epochs, choices): (Int, Int)
    var step: Float
    enum CodingKeys: CodingKey { case sizes, parameters, observations, actions, targets, epochs, choices, step }
  }

  private struct Answer: Decodable { var values: [[Double]] }

  /// Rprop on whole batches, of more blocks than one, from the same weights as NumPy.
  @Test func networkFollowsNumpy() throws {
    var random = RandomStream(seed: 5)
    let observations = (0..<300).map { _ in [random.uniform(-3, 3), random.uniform(0, 10)] }
    let actions = (0..<300).map { _ in random.index(below: 3) }
    let targets = zip(observations, actions).map { $0[0] * Float($1) + 0.3 * $0[1] }
    var settings = NeuralRegressionSettings()
    (settings.hidden, settings.epochs, settings.initialStep) = ([8, 5], 25, 0.02)
    var regression = NeuralRegression(settings, observationSize: 2, actions: 3, using: RandomStream(seed: 6))
    let parameters = regression.parameters.elements
    let request = Request(
      sizes: [5, 8, 5, 1], parameters: parameters, observations: observations, actions: actions, targets: targets,
      epochs: 25, choices: 3, step: 0.02)
    let answer = try PeerProcess.ask("neural_regression.py", of: "LearnersTests", request, as: Answer.self)
    let x = Matrix(rows: 300, columns: 2, observations.flatMap { $0 })
    try regression.fit(
      ActionValueExamples(observations: x, actions: actions, targets: Vector(targets)), using: RandomStream(seed: 0))
    var values = [Float](repeating: 0, count: 900)
    values.withUnsafeMutableBufferPointer { values in
      if let base = values.baseAddress { regression.values(x.pointer, count: 300, into: base) }
    }
    var worst = 0.0
    for row in 0..<300 {
      for action in 0..<3 { worst = max(worst, abs(Double(values[3 * row + action]) - answer.values[action][row])) }
    }
    #expect(worst < 1e-2, "\(worst)")
    // alone, a row has the same values to the bit
    var alone = [Float](repeating: 0, count: 3)
    for row in [0, 129, 299] {
      alone.withUnsafeMutableBufferPointer { alone in
        if let base = alone.baseAddress { regression.values(x.pointer + 2 * row, count: 1, into: base) }
      }
      #expect(alone == Array(values[3 * row..<3 * row + 3]))
    }
  }
}
