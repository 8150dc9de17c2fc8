import Foundation
import Interfaces
import Kernels
import Learners
import Networks
import TestSupport
import Testing

/// Updates from the same weights and batch as PyTorch's, which `Benchmarks/peers/value_updates_torch.py` wrote to a
/// file.
@Suite struct TorchUpdateTests {
  struct Fixture: Decodable {
    let settings: Settings
    let cases: [String: Update]
  }

  struct Settings: Decodable {
    let hidden: [Int]
    let observationSize: Int
    let actionCount: Int
    let discount: Float
    let learningRate: Float
    let errorLimit: Float
    let lowestReturn: Float
    let highestReturn: Float
  }

  struct Update: Decodable {
    let double: Bool
    let dueling: Bool
    let distribution: String
    let atoms: Int
    let before: [Float]
    let target: [Float]
    let after: [Double]
    let loss: Double
    let observations: [Float]
    let next: [Float]
    let actions: [Int]
    let rewards: [Float]
    let continues: [Float]
    let weights: [Float]
  }

  static let names = [
    "dqn", "double", "double_dueling", "weighted", "categorical", "categorical_double_dueling", "quantile",
    "quantile_double_dueling",
  ]

  @Test(arguments: names) func updatesAreTorchs(_ name: String) throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "Fixtures/value_updates.json")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let fixture = try decoder.decode(Fixture.self, from: Data(contentsOf: path))
    let (given, update) = (fixture.settings, try #require(fixture.cases[name]))
    var settings = DeepQNetworkSettings()
    settings.hidden = given.hidden
    settings.activation = .tanh
    settings.learningRate = given.learningRate
    settings.discount = given.discount
    settings.errorLimit = given.errorLimit
    settings.lowestReturn = given.lowestReturn
    settings.returnRange = given.highestReturn - given.lowestReturn
    settings.double = update.double
    settings.dueling = update.dueling
    settings.atoms = update.atoms
    settings.distribution = try #require(DeepQNetworkSettings.Distribution(rawValue: update.distribution))
    var learner = DeepQNetwork(
      settings, observationSize: given.observationSize, actions: given.actionCount, using: RandomStream(seed: 1))
    learner.core.parameters = Vector(update.before)
    learner.core.targets = Vector(update.target)

    var batch = TransitionBatch(
      count: update.actions.count, observationSize: given.observationSize, actionSize: 1)
    batch.weights = Vector(update.weights)
    for row in 0..<batch.count {
      let range = row * given.observationSize..<(row + 1) * given.observationSize
      batch.observations.setRow(row, Array(update.observations[range]))
      batch.nextObservations.setRow(row, Array(update.next[range]))
      batch.actions[row, 0] = Float(update.actions[row])
      batch.rewards[row] = update.rewards[row]
      batch.continues[row] = update.continues[row]
    }
    var (random, metrics) = (RandomStream(seed: 2), MetricRow(names: DeepQNetwork.metricNames))
    try learner.update(on: batch, using: &random, metrics: &metrics)
    let worst = worstGap(learner.core.parameters.doubles, update.after)
    #expect(worst < 1e-5, "the network is off by \(worst)")
    #expect(worstGap(update.before.map(Double.init), update.after) > 1e-3)
    let loss = try #require(metrics.mean(of: "critic_loss"))
    #expect(abs(loss - update.loss) < 1e-5 * max(1, update.loss), "loss \(loss), not \(update.loss)")
  }
}
