import Interfaces
import Kernels
import Learners
import Networks
import TestSupport
import Testing

/// Tasks whose solution is known.
@Suite struct SoftActorCriticLearningTests {
  private static func settings(_ change: (inout SoftActorCriticSettings) -> Void = { _ in }) -> SoftActorCriticSettings
  {
    var settings = SoftActorCriticSettings()
    settings.hidden = [32, 32]
    settings.actorLearningRate = 3e-3
    settings.criticLearningRate = 3e-3
    settings.temperatureLearningRate = 3e-3
    settings.tau = 0.05
    change(&settings)
    return settings
  }

  /// One decision in state s earns -10 (a - (1.2 s - 1))²: the learned action is within 0.15 of the best in a range of 4.
  /// So it is with products of bfloat16 numbers.
  @Test(arguments: [UInt64(1), 2, 3], ProductPrecision.allCases)
  func findsTheBestActionOfAQuadraticBandit(_ seed: UInt64, _ precision: ProductPrecision) throws {
    var random = RandomStream(seed: seed)
    let (low, high): (Float, Float) = (-3, 1)
    var learner = SoftActorCritic(
      Self.settings {
        $0.precision = precision
        if precision == .bfloat16 { $0.hidden = [64, 64] }
      }, observationSize: 1, low: [low], high: [high], using: random.child("learner"))
    try Bandit.train(&learner, low: low, high: high, updates: 1500, using: &random)
    let worst = Bandit.worstAction(&learner)
    #expect(worst < 0.15, "an action is off by \(worst)")
  }

  /// The temperature moves until the policy has the target entropy, where nothing else asks for any other.
  @Test(arguments: [Float(-1), 0]) func temperatureReachesTheTargetEntropy(_ target: Float) throws {
    var random = RandomStream(seed: 1)
    let settings = Self.settings {
      $0.targetEntropy = target
      $0.initialTemperature = 0.2
      $0.temperatureLearningRate = 1e-2
    }
    var learner = SoftActorCritic(settings, observationSize: 1, low: [-1], high: [1], using: random.child("learner"))
    var (batch, metrics) = (
      TransitionBatch(count: 64, observationSize: 1, actionSize: 1), MetricRow(names: SoftActorCritic.metricNames)
    )
    for update in 0..<2000 {
      for row in 0..<64 {
        let action = random.uniform(-1, 1)
        batch.actions[row, 0] = action
        batch.rewards[row] = -5 * action * action
      }
      if update == 1600 { metrics.clear() }
      try learner.update(on: batch, using: &random, metrics: &metrics)
    }
    let entropy = try #require(metrics.mean(of: "entropy"))
    #expect(abs(entropy - Double(target)) < 0.15, "entropy \(entropy) for \(target)")
  }

  /// Two states in a row earn 1 and 2. Ended there, they are worth 2 + 0 and 1 + 2/2 at a discount of 1/2; cut off there
  /// though the last state would go on for ever, 2 + 4/2 and 1 + 4/2.
  @Test(arguments: [(true, [Float(2), 2]), (false, [3, 4])])
  func valuesOfAChainHonorTermination(_ terminates: Bool, _ values: [Float]) throws {
    var random = RandomStream(seed: 2)
    let settings = Self.settings {
      $0.discount = 0.5
      $0.initialTemperature = 1e-6
      $0.temperatureLearningRate = 0
    }
    var learner = SoftActorCritic(settings, observationSize: 2, low: [-1], high: [1], using: random.child("learner"))
    var (batch, metrics) = (
      TransitionBatch(count: 32, observationSize: 2, actionSize: 1), MetricRow(names: SoftActorCritic.metricNames)
    )
    let states: [[Float]] = [[1, 0], [0, 1]]
    for _ in 0..<1500 {
      for row in 0..<32 {
        let place = row % 2
        batch.observations.setRow(row, states[place])
        batch.nextObservations.setRow(row, states[1])
        batch.actions[row, 0] = random.uniform(-1, 1)
        batch.rewards[row] = Float(place + 1)
        batch.continues[row] = place == 1 && terminates ? 0 : 1
      }
      try learner.update(on: batch, using: &random, metrics: &metrics)
    }
    let network = Perceptron(inputs: 3, hidden: [32, 32], outputs: 1, activation: .relu)
    let critics = learner.core.criticParameters.elements
    for critic in 0..<2 {
      let parameters = Vector(Array(critics[critic * network.layout.count..<(critic + 1) * network.layout.count]))
      for (state, value) in zip(states, values) {
        for action: Float in [-0.7, 0, 0.7] {
          let found = network(Matrix(rows: 1, columns: 3, state + [action]), parameters: parameters)[0, 0]
          #expect(abs(found - value) < 0.1, "Q(\(state), \(action)) = \(found), expected \(value)")
        }
      }
    }
  }
}
