import Interfaces
import Kernels
import Learners
import TestSupport
import Testing

/// Updates of offline learners from the same parameters, batches and draws as those in PyTorch that
/// `Benchmarks/peers/offline_torch.py` wrote to a file.
@Suite struct OfflineReferenceTests {
  @Test func implicitUpdatesAreTheReferences() throws {
    try TorchUpdates("offline_torch").check(
      "iql", Self.implicit(),
      [
        "actor": \.actorParameters, "value": \.valueParameters, "critics": \.criticParameters,
        "critic_targets": \.criticTargets,
      ])
  }

  @Test func conservativeUpdatesAreTheReferences() throws {
    try TorchUpdates("offline_torch").check(
      "cql",
      Cases.learner { ($0.conservatism, $0.conservativeActions, $0.entropyInTargets) = (0.7, 3, false) },
      TorchUpdates.softActorCritic, temperature: \.logTemperature)
  }

  @Test(arguments: [false, true])
  func conservativeUpdatesOfDiscreteActionsAreTheReferences(dueling: Bool) throws {
    try TorchUpdates("offline_torch").check(
      dueling ? "dueling" : "dqn",
      Cases.deepQNetwork {
        ($0.conservatism, $0.dueling, $0.targetInterval, $0.tau) = (0.7, dueling, 1, 0.1)
      }, ["network": \.core.parameters, "target": \.core.targets])
  }

  /// A copy learns as the original does, and from its own parameters.
  @Test func copiesAreValues() throws {
    var (first, random) = (Self.implicit(), RandomStream(seed: 1))
    var metrics = MetricRow(names: ImplicitQLearning.metricNames)
    var second = first
    let untouched = OracleState(second)
    try first.update(on: Cases.batch(20, seed: 1), using: &random, metrics: &metrics)
    #expect(OracleState(second) == untouched)
    try second.update(on: Cases.batch(20, seed: 1), using: &random, metrics: &metrics)
    #expect(OracleState(second) == OracleState(first))
  }

  private static func implicit() -> ImplicitQLearning {
    var settings = ImplicitQLearningSettings()
    settings.hidden = [5, 4]
    settings.expectile = 0.8
    settings.inverseTemperature = 2
    settings.largestWeight = 1.5
    settings.actorLearningRate = 1e-3
    settings.actorDecay = 10
    settings.criticLearningRate = 2e-3
    settings.valueLearningRate = 4e-3
    settings.discount = 0.9
    settings.tau = 0.1
    return ImplicitQLearning(
      settings, observationSize: Cases.observationSize, low: Cases.low, high: Cases.high, using: RandomStream(seed: 1))
  }
}
