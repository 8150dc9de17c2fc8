import Methods
import Environments
import Interfaces
import Kernels
import Learners
import Networks
import TestSupport
import Testing

/// The deterministic learners in the loop.
@Suite struct PendulumLearningTests {
  enum Method: String, CaseIterable, Sendable { case td3, ddpg, naf }

  private static func deterministic(_ method: Method) -> DeterministicActorCriticSettings {
    method == .td3 ? DeterministicActorCriticSettings() : .deepDeterministic
  }

  /// After 6,000 steps, 500 of them random, the pendulum is swung up and held: random play returns about -1,200, the best
  /// about -150.
  @Test(arguments: Method.allCases, [UInt64(1), 2, 3]) func swingsThePendulumUp(
    _ method: Method, _ seed: UInt64
  ) throws {
    switch method {
    case .td3, .ddpg:
      var settings = Self.deterministic(method)
      settings.hidden = [32, 32]
      settings.actorLearningRate = 2e-3
      settings.criticLearningRate = 2e-3
      settings.discount = 0.95
      settings.tau = 0.01
      try Self.checkPendulum(seed) {
        DeterministicActorCritic(settings, observationSize: 3, low: [-2], high: [2], using: $0)
      }
    case .naf:
      var settings = NormalizedAdvantageFunctionSettings()
      settings.hidden = [32, 32]
      settings.learningRate = 2e-3
      settings.discount = 0.95
      settings.tau = 0.01
      settings.precisionNoise = true
      settings.noise.scale = 1
      try Self.checkPendulum(seed) {
        NormalizedAdvantageFunction(settings, observationSize: 3, low: [-2], high: [2], using: $0)
      }
    }
  }

  private static func checkPendulum<Learner: OffPolicyLearner>(
    _ seed: UInt64, _ make: (RandomStream) -> Learner
  ) throws {
    var settings = OffPolicySettings()
    settings.replayCapacity = 6000
    settings.batchSize = 64
    settings.randomSteps = 500
    let (task, random) = (Pendulum(PendulumSettings()), RandomStream(seed: seed))
    let agent = OffPolicyAgent(
      settings, learner: make(random.child("learner")), spec: task.spec, using: random.child("agent"))
    var runner = AgentRunner(agent, in: task, seed: seed)
    try runner.collect(6000)
    let mean = try (0..<6).reduce(0) { sum, _ in sum + (try runner.evaluate().total) } / 6
    #expect(mean > -600, "evaluations return \(mean) on average")
  }
}
