import Foundation
import Interfaces
import Kernels
import Learners
import Networks
import TestSupport
import Testing

/// Q-learning with a searched maximum: updates against PyTorch's, and what the searches find.
@Suite struct MaximizedQLearningTests {
  struct Fixture: Decodable {
    let hidden: [Int]
    let samples, iterations, lag: Int
    let observationSize: Int
    let discount, tau, learningRate: Float
    let seed: UInt64
    let low, high: [Float]
    let cases: [String: Case]
  }

  struct Case: Decodable {
    let clipped: Bool
    let limit, low, high: Float?
    let critic, target, lagged: [Float]
    let batches: [Batch]
    let losses, criticAfter, targetAfter: [Double]
  }

  struct Batch: Decodable { let observations, actions, rewards, next, continues: [Float] }

  /// Written by `Benchmarks/peers/maximized_q_torch.py`.
  private func fixture() throws -> Fixture {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "Fixtures/maximized_q.json")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Fixture.self, from: Data(contentsOf: path))
  }

  /// Three updates from the same weights on the same batches, the same candidates being tried.
  @Test(arguments: ActionValueLoss.allCases) func updatesArePyTorchs(_ loss: ActionValueLoss) throws {
    let fixture = try fixture()
    let expected = try #require(fixture.cases[loss.rawValue])
    var settings = MaximizedQLearningSettings()
    (settings.hidden, settings.activation, settings.loss) = (fixture.hidden, .tanh, loss)
    (settings.discount, settings.tau, settings.learningRate) = (fixture.discount, fixture.tau, fixture.learningRate)
    (settings.clipped, settings.lag) = (expected.clipped, fixture.lag)
    settings.errorLimit = expected.limit ?? 1
    (settings.valueLow, settings.valueHigh) = (expected.low ?? 0, expected.high ?? 1)
    (settings.search.method, settings.search.samples) = (.uniform, fixture.samples)
    settings.search.iterations = fixture.iterations
    var learner = MaximizedQLearning(
      settings, observationSize: fixture.observationSize, low: fixture.low, high: fixture.high,
      using: RandomStream(seed: 1))
    (learner.parameters, learner.targets) = (Vector(expected.critic), Vector(expected.target))
    if expected.clipped { learner.lagged = Vector(expected.lagged) }
    var random = RandomStream(seed: fixture.seed)
    for (update, rows) in expected.batches.enumerated() {
      var batch = TransitionBatch(
        count: rows.rewards.count, observationSize: fixture.observationSize, actionSize: fixture.low.count)
      batch.observations = Matrix(rows: batch.count, columns: fixture.observationSize, rows.observations)
      batch.actions = Matrix(rows: batch.count, columns: fixture.low.count, rows.actions)
      batch.nextObservations = Matrix(rows: batch.count, columns: fixture.observationSize, rows.next)
      (batch.rewards, batch.continues) = (Vector(rows.rewards), Vector(rows.continues))
      var metrics = MetricRow(names: MaximizedQLearning.metricNames)
      try learner.update(on: batch, using: &random, metrics: &metrics)
      let found = try #require(metrics.mean(of: "critic_loss"))
      #expect(abs(found - expected.losses[update]) < 1e-5, "loss \(found), not \(expected.losses[update])")
    }
    for (name, found, parameters) in [
      ("critic", learner.parameters, expected.criticAfter), ("target", learner.targets, expected.targetAfter),
    ] {
      let worst = worstGap(found.doubles, parameters)
      #expect(worst < 1e-5, "\(name) is off by \(worst)")
    }
    #expect(worstGap(expected.critic.map(Double.init), expected.criticAfter) > 1e-3)
  }

  /// With candidates enough, the value found is a fine grid's, to a hundredth of the range of values; 2,000 uniform samples of two
  /// components leave gaps of a fortieth of the box, and so to a twentieth.
  @Test(arguments: ActionSearchSettings.Method.allCases) func searchesFindTheMaximum(
    _ method: ActionSearchSettings.Method
  ) throws {
    let learner = try Cases.maximized {
      $0.hidden = [20, 20]
      $0.clipped = false
      $0.activation = .tanh
      ($0.search.method, $0.search.samples, $0.search.iterations) = (method, 200, 10)
      $0.search.elites = 20
    }
    let network = Perceptron(inputs: 5, hidden: [20, 20], outputs: 1, activation: .tanh)
    let parameters = learner.targets
    let (bootstrap, states) = (learner.bootstrap, Cases.batch(12, seed: 4).observations)
    var (random, values) = (RandomStream(seed: 1), Vector(count: 12))
    let side = 101
    bootstrap.values(
      count: 12, of: states.pointer, using: &random, values: values.mutablePointer, bootstrap.makeWorkspace())
    for row in 0..<12 {
      var grid = Matrix(rows: side * side, columns: 5)
      for k in 0..<side * side {
        let unit = [k / side, k % side].map { -1 + 2 * Float($0) / Float(side - 1) }
        grid.setRow(k, Array(states.row(row)) + unit)
      }
      let q = network(grid, parameters: parameters).elements
      let (least, most) = (q.min() ?? 0, q.max() ?? 0)
      let share: Float = method == .uniform ? 0.05 : 0.01
      #expect(values[row] > most - share * (most - least), "\(values[row]) of \(least)...\(most)")
      #expect(values[row] < most + 0.01 * (most - least))
    }
  }

  /// The error of the maximum is recorded when it is due, and is small.
  @Test func theErrorOfTheMaximumIsMeasured() throws {
    var learner = try Cases.maximized {
      ($0.search.samples, $0.search.iterations, $0.gridInterval) = (100, 5, 3)
    }
    var random = RandomStream(seed: 1)
    for update in 1...6 {
      var metrics = MetricRow(names: MaximizedQLearning.metricNames)
      try learner.update(on: Cases.batch(40, seed: 1), using: &random, metrics: &metrics)
      let error = metrics.mean(of: "max_error")
      #expect((error != nil) == (update % 3 == 0))
      if let error { #expect(abs(error) < 0.05, "\(error)") }
    }
  }

  @Test(arguments: ActionSearchSettings.Method.allCases) func findsTheBestActionOfAQuadraticBandit(
    _ method: ActionSearchSettings.Method
  ) throws {
    var (settings, random) = (MaximizedQLearningSettings(), RandomStream(seed: 1))
    settings.hidden = [32, 32]
    settings.learningRate = 3e-3
    settings.search.method = method
    settings.search.samples = 24
    let (low, high): (Float, Float) = (-3, 1)
    var learner = MaximizedQLearning(
      settings, observationSize: 1, low: [low], high: [high], using: random.child("learner"))
    try Bandit.train(&learner, low: low, high: high, updates: 1000, using: &random)
    let worst = Bandit.worstAction(&learner)
    #expect(worst < 0.3, "an action is off by \(worst)")
  }

  /// Labels are what an update would fit the critic to, to the bit, in any number of rows.
  @Test func labelsAreBootstrappedTargets() throws {
    let learner = try Cases.maximized { $0.hidden = [20, 20] }
    let batch = Cases.batch(150, seed: 2)
    var (labels, values, random) = (Vector(count: 150), Vector(count: 150), RandomStream(seed: 3))
    let bootstrap = learner.bootstrap
    var same = random
    BellmanUpdaters(for: learner).label(
      batch, by: bootstrap, discount: 0.9, using: RandomStream(seed: same.next()), into: &labels)
    bootstrap.values(
      count: 150, of: batch.nextObservations.pointer, using: &random, values: values.mutablePointer,
      bootstrap.makeWorkspace())
    for row in 0..<150 {
      #expect(labels[row] == batch.rewards[row] + 0.9 * batch.continues[row] * values[row])
    }
  }
}
