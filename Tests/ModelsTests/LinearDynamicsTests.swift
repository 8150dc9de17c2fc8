import Experience
import Interfaces
import Kernels
import Models
import TestSupport
import Testing

@Suite struct LinearDynamicsTests {
  private static func model(samplesNoise: Bool = false) -> LinearDynamics {
    var settings = LinearDynamicsSettings()
    settings.samplesNoise = samplesNoise
    return LinearDynamics(settings, stateSize: 2, actions: .box(low: [-1], high: [1]))
  }

  private static func fit(_ model: inout LinearDynamics, _ data: ReplayBuffer) throws -> Double {
    var (metrics, random) = (MetricRow(names: LinearDynamics.metricNames), RandomStream(seed: 1))
    try model.fit(to: data, using: &random, metrics: &metrics)
    return try #require(metrics.mean(of: "model_error"))
  }

  /// States one step after the given ones.
  private static func advanced(_ model: LinearDynamics, _ states: [Float], _ actions: [Float])
    -> [Float]
  {
    let rollout = model.makeRollout(capacity: actions.count)
    let count = actions.count
    states.withUnsafeBufferPointer { states in
      actions.withUnsafeBufferPointer { actions in
        guard let states = states.baseAddress, let actions = actions.baseAddress else { return }
        rollout.reset(
          count: count, to: states, rowsPerParticle: 1, firstParticle: 0,
          using: RandomStream(seed: 2))
        rollout.advance(actions)
      }
    }
    return (0..<count * model.stateSize).map { rollout.states[$0] }
  }

  /// Without noise the system itself, to single precision, however unlike the units.
  @Test(arguments: [[Float(1), 1], [1000, 0.01]]) func recoversALinearSystem(_ scale: [Float])
    throws
  {
    let system = LinearSystem(noise: [0, 0])
    var data = system.data(0, seed: 1)
    system.append(60, to: &data, seed: 1, stateScale: scale)
    var model = Self.model()
    #expect(!model.isFitted)
    let error = try Self.fit(&model, data)
    #expect(model.isFitted && error < 1e-8, "\(error)")
    let (x, u): ([Float], Float) = ([1.7, -0.6], 0.8)
    let found = Self.advanced(model, zip(x, scale).map { $0 * $1 }, [u])
    let truth = zip(x, system.change(x, [u])).map { $0 + $1 }
    for i in 0..<2 { #expect(abs(found[i] / scale[i] - truth[i]) < 1e-4, "\(found), \(truth)") }
  }

  /// Noise: coefficients within five standard errors of the truth, deviations to 5 %, in rollouts too if asked for.
  @Test func recoversCoefficientsAndNoise() throws {
    let (system, count) = (LinearSystem(), 4000)
    var model = Self.model(samplesNoise: true)
    try #require(try Self.fit(&model, system.data(count, seed: 3)) < 0.2)
    for i in 0..<2 { #expect(abs(model.deviations[i] / system.noise[i] - 1) < 0.05) }
    let (x, u): ([Float], [Float]) = ([0.5, -1], [0.3])
    let rows = 5000
    let states = Self.advanced(model, (0..<rows).flatMap { _ in x }, (0..<rows).map { _ in u[0] })
    for i in 0..<2 {
      let values = (0..<rows).map { Double(states[2 * $0 + i] - x[i]) }
      let mean = values.reduce(0, +) / Double(rows)
      let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rows))
        .squareRoot()
      let noise = Double(system.noise[i])
      #expect(abs(deviation / noise - 1) < 0.06)
      // the fit's own error and that of the sample
      #expect(
        abs(mean - Double(system.change(x, u)[i])) < 5 * noise
          * (4 / Double(count) + 1 / Double(rows)).squareRoot())
    }
    let quiet = try OracleState(model).restored(into: Self.model())
    #expect(Self.advanced(quiet, x, u) == Self.advanced(quiet, x, u))
    #expect(abs(Self.advanced(quiet, x, u)[0] - x[0] - system.change(x, u)[0]) < 0.02)
  }

  /// Choices enter as one-hot vectors: each has an effect of its own.
  @Test func choicesHaveEffectsOfTheirOwn() throws {
    let effects: [Float] = [3, -1, 0.5]
    var data = ReplayBuffer(capacity: 300, observationSize: 1, actionSize: 1)
    var random = RandomStream(seed: 5)
    for _ in 0..<300 {
      let (x, choice) = (random.normal(), random.index(below: 3))
      data.append(
        [x], [Float(choice)], reward: 0, next: [0.9 * x + effects[choice]], continues: true)
    }
    var model = LinearDynamics(LinearDynamicsSettings(), stateSize: 1, actions: .discrete(count: 3))
    #expect(try Self.fit(&model, data) < 1e-8)
    for choice in 0..<3 {
      #expect(abs(Self.advanced(model, [2], [Float(choice)])[0] - (1.8 + effects[choice])) < 1e-3)
    }
  }

  /// Data that leave something undetermined, and constant ones, still give a model; numbers that are not finite do not.
  @Test func degenerateData() throws {
    for count in [1, 2, 50] {
      var data = ReplayBuffer(capacity: 50, observationSize: 2, actionSize: 1)
      for _ in 0..<count { data.append([1, 2], [0], reward: 0, next: [1.5, 2], continues: true) }
      var model = Self.model()
      _ = try Self.fit(&model, data)
      let next = Self.advanced(model, [1, 2], [0])
      #expect(abs(next[0] - 1.5) < 1e-3 && abs(next[1] - 2) < 1e-3, "\(next)")
    }
    var data = LinearSystem().data(20, seed: 1)
    data.append([.nan, 0], [0], reward: 0, next: [0, 0], continues: true)
    var model = Self.model()
    #expect(throws: NumericalFailure.self) { try Self.fit(&model, data) }
  }

  @Test func advancingDoesNotAllocate() throws {
    var model = Self.model(samplesNoise: true)
    _ = try Self.fit(&model, LinearSystem().data(50, seed: 1))
    let rollout = model.makeRollout(capacity: 40)
    let (states, actions) = ([Float](repeating: 0.5, count: 80), [Float](repeating: 0.1, count: 40))
    let count = allocations {
      states.withUnsafeBufferPointer { states in
        actions.withUnsafeBufferPointer { actions in
          guard let states = states.baseAddress, let actions = actions.baseAddress else { return }
          rollout.reset(
            count: 40, to: states, rowsPerParticle: 1, firstParticle: 0,
            using: RandomStream(seed: 2))
          rollout.advance(actions)
        }
      }
    }
    #expect(count == 0)
  }
}

extension OracleState {
  fileprivate func restored(into model: LinearDynamics) throws -> LinearDynamics {
    var copy = model
    try restore(into: &copy)
    return copy
  }
}
