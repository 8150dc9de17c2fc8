import Experience
import Interfaces
import Kernels
import Models
import TestSupport
import Testing

/// Derivatives of imagined trajectories in linear models.
@Suite struct LinearGradientTests {
  private static func fitted(noise: Bool) throws -> LinearDynamics {
    var settings = LinearDynamicsSettings()
    settings.samplesNoise = noise
    var model = LinearDynamics(settings, stateSize: 2, actions: .box(low: [-1], high: [1]))
    var (random, metrics) = (RandomStream(seed: 1), MetricRow(names: LinearDynamics.metricNames))
    try model.fit(to: LinearSystem().data(300, seed: 1), using: &random, metrics: &metrics)
    return model
  }

  @Test(arguments: [false, true]) func gradientsAreThoseOfFiniteDifferences(_ noise: Bool) throws {
    var random = RandomStream(seed: 4)
    let (starts, actions) = ((0..<14).map { _ in random.normal() }, (0..<35).map { _ in random.uniform(-1, 1) })
    let errors = rolloutGradientErrors(
      of: try Self.fitted(noise: noise), starts: starts, actions: actions, using: RandomStream(seed: 2))
    #expect(errors.starts.worst < 5e-3, "\(errors.starts)")
    #expect(errors.actions.worst < 5e-3, "\(errors.actions)")
  }

  /// Those of each time, and none of what lies beyond the times that were fitted.
  @Test func gradientsOfTimeVaryingDynamics() throws {
    var random = RandomStream(seed: 3)
    var replay = TimedSystem.timed(episodes: 40, steps: 4, using: &random)
    var settings = TimeVaryingLinearSettings()
    (settings.episodes, settings.window) = (40, 0)
    var model = TimeVaryingLinearModel(settings, stateSize: 2, actionSize: 1)
    var metrics = MetricRow(names: TimeVaryingLinearModel.metricNames)
    try model.fit(to: replay, using: &random, metrics: &metrics)
    #expect(model.horizon == 4)
    replay.removeAll()
    let (starts, actions) = ((0..<14).map { _ in random.normal() }, (0..<42).map { _ in random.uniform(-1, 1) })
    let errors = rolloutGradientErrors(of: model, starts: starts, actions: actions, using: RandomStream(seed: 2))
    #expect(errors.starts.worst < 5e-3, "\(errors.starts)")
    #expect(errors.actions.worst < 5e-3, "\(errors.actions)")
  }

  /// Without noise the expectation is the model itself, with noise it is what the noise varies around.
  @Test func expectationsDrawNothing() throws {
    let (noisy, plain) = (try Self.fitted(noise: true), try Self.fitted(noise: false))
    func states(_ model: LinearDynamics, seed: UInt64) -> [Float] {
      let rollout = model.makeRollout(capacity: 3)
      rollout.reset(
        count: 3, to: [1, 2, -1, 0, 0.5, 0.5], rowsPerParticle: 1, firstParticle: 0, using: RandomStream(seed: seed))
      rollout.advance([0.1, 0.2, 0.3])
      return (0..<6).map { rollout.states[$0] }
    }
    #expect(states(noisy.expectation, seed: 1) == states(plain, seed: 2))
    #expect(states(noisy, seed: 1) != states(noisy, seed: 2))
  }
}

/// Weights permuted within each tensor of each member.
@Suite struct ShuffledEnsembleTests {
  @Test func shuffledEnsemblesKnowNothing() throws {
    let data = LinearSystem(noise: [0, 0]).data(400, seed: 1)
    func error(_ shuffled: Bool) throws -> Double {
      var model = ProbabilisticEnsemble.small {
        ($0.epochs, $0.shuffled, $0.propagation) = (60, shuffled, .mean)
      }
      try model.fit(data)
      let rollout = model.makeRollout(capacity: data.count)
      var batch = TransitionBatch(count: data.count, observationSize: 2, actionSize: 1)
      (0..<Int32(data.count)).map { $0 }.withUnsafeBufferPointer { data.gather($0, into: &batch) }
      rollout.reset(
        count: data.count, to: batch.observations.pointer, rowsPerParticle: 1, firstParticle: 0,
        using: RandomStream(seed: 1))
      rollout.advance(batch.actions.pointer)
      return (0..<2 * data.count).reduce(0) { sum, i in
        let gap = Double(rollout.states[i] - batch.nextObservations.elements[i])
        return sum + gap * gap
      }
    }
    let (fitted, shuffled) = (try error(false), try error(true))
    #expect(shuffled > 20 * fitted, "squared errors \(fitted) as fitted, \(shuffled) shuffled")
  }
}
