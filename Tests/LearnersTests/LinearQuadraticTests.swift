import Interfaces
import Kernels
import Learners
import Networks
import TestSupport
import Testing

/// x' = 0.8 x + 0.5 u at a cost of x² + 0.2 u², discounted by 0.9: from transitions under random actions each learner finds the
/// linear feedback -k x and the value -p x² of the closed form.
@Suite struct LinearQuadraticTests {
  private static let (a, b, r, discount) = (Float(0.8), Float(0.5), Float(0.2), Float(0.9))

  /// The scalar Riccati equation p = 1 + g a² p - (g a b p)² / (r + g b² p), and its gain k = g a b p / (r + g b² p).
  private static var closedForm: (p: Float, k: Float) {
    var (p, k) = (Float(1), Float(0))
    for _ in 0..<200 {
      k = discount * a * b * p / (r + discount * b * b * p)
      p = 1 + discount * a * a * p - discount * a * b * p * k
    }
    return (p, k)
  }

  @Test(arguments: ["sac", "td3", "ddpg", "naf"], [UInt64(1), 2]) func learnsTheClosedForm(
    _ name: String, _ seed: UInt64
  ) throws {
    let (low, high, random): ([Float], [Float], RandomStream) = ([-1.5], [1.5], RandomStream(seed: seed))
    switch name {
    case "sac":
      var settings = SoftActorCriticSettings()
      (settings.hidden, settings.activation) = ([24, 24], .silu)
      (settings.actorLearningRate, settings.criticLearningRate) = (3e-3, 3e-3)
      (settings.discount, settings.tau) = (Self.discount, 0.03)
      (settings.initialTemperature, settings.temperatureLearningRate) = (1e-4, 0)
      try Self.check(SoftActorCritic(settings, observationSize: 1, low: low, high: high, using: random), seed)
    case "naf":
      var settings = NormalizedAdvantageFunctionSettings()
      (settings.hidden, settings.activation, settings.learningRate) = ([24, 24], .silu, 3e-3)
      (settings.discount, settings.tau) = (Self.discount, 0.03)
      try Self.check(
        NormalizedAdvantageFunction(settings, observationSize: 1, low: low, high: high, using: random), seed)
    default:
      var settings = name == "td3" ? DeterministicActorCriticSettings() : .deepDeterministic
      (settings.hidden, settings.activation) = ([24, 24], .silu)
      (settings.actorLearningRate, settings.criticLearningRate) = (3e-3, 3e-3)
      (settings.discount, settings.tau) = (Self.discount, 0.03)
      if name == "td3" { settings.targetNoise = 0.02 }
      try Self.check(
        DeterministicActorCritic(settings, observationSize: 1, low: low, high: high, using: random), seed)
    }
  }

  private static func check<Learner: ValueLearner>(_ fresh: Learner, _ seed: UInt64) throws {
    var (learner, random, metrics) = (
      fresh, RandomStream(seed: seed).child("transitions"), MetricRow(names: Learner.metricNames)
    )
    var batch = TransitionBatch(count: 64, observationSize: 1, actionSize: 1)
    batch.continues.fill(1)
    for _ in 0..<6000 {
      for row in 0..<batch.count {
        let (x, u) = (random.uniform(-1.5, 1.5), random.uniform(-1.5, 1.5))
        batch.observations[row, 0] = x
        batch.actions[row, 0] = u
        batch.rewards[row] = -(x * x + r * u * u)
        batch.nextObservations[row, 0] = a * x + b * u
      }
      try learner.update(on: batch, using: &random, metrics: &metrics)
    }
    let ((p, k), bootstrap) = (closedForm, learner.bootstrap)
    let workspace = bootstrap.makeWorkspace()
    var (action, value): ([Float], [Float]) = ([0], [0])
    for x: Float in [-1, -0.6, -0.2, 0.3, 0.7, 1] {
      learner.act(on: [x], explore: false, using: &random, action: &action)
      bootstrap.values(count: 1, of: [x], using: &random, values: &value, workspace)
      #expect(abs(action[0] + k * x) < 0.1, "u(\(x)) = \(action[0]), expected \(-k * x)")
      #expect(abs(value[0] + p * x * x) < 0.1, "V(\(x)) = \(value[0]), expected \(-p * x * x)")
    }
  }
}
