import Interfaces
import Kernels
import Models
import TestSupport
import Testing

/// Local dynamics from few samples.
@Suite struct MixtureRegressionTests {
  private static let (steps, n, m) = (5, 3, 2)

  /// A linear system, the same at all times if `isConstant`, and trajectories of it.
  private struct System {
    let dynamics: TimeVaryingLinearGaussian
    let noise: Double

    init(seed: UInt64, noise: Double, isConstant: Bool = false) {
      var random = RandomStream(seed: seed)
      let (n, m) = (MixtureRegressionTests.n, MixtureRegressionTests.m)
      var system = TimeVaryingLinearGaussian(count: MixtureRegressionTests.steps, stateSize: n, actionSize: m)
      for i in system.stateMatrices.indices {
        system.stateMatrices[i] =
          isConstant && i >= n * n ? system.stateMatrices[i % (n * n)] : Double(random.uniform(-0.6, 0.6))
      }
      for i in system.actionMatrices.indices {
        system.actionMatrices[i] =
          isConstant && i >= n * m ? system.actionMatrices[i % (n * m)] : Double(random.uniform(-1, 1))
      }
      for i in system.offsets.indices {
        system.offsets[i] = isConstant && i >= n ? system.offsets[i % n] : Double(random.uniform(-1, 1))
      }
      dynamics = system
      self.noise = noise
    }

    func samples(_ count: Int, seed: UInt64, spread: Double = 1) -> [SampledTrajectory] {
      let (steps, n, m) = (MixtureRegressionTests.steps, MixtureRegressionTests.n, MixtureRegressionTests.m)
      var random = RandomStream(seed: seed).child("samples")
      return (0..<count).map { _ in
        var sample = SampledTrajectory(horizon: steps, stateSize: n, actionSize: m)
        for i in 0..<n { sample.states[i] = spread * Double(random.normal()) }
        for t in 0..<steps {
          for i in 0..<m { sample.actions[t * m + i] = spread * Double(random.normal()) }
          for i in 0..<n {
            var sum = dynamics.offsets[t * n + i] + noise * Double(random.normal())
            for j in 0..<n { sum += dynamics.stateMatrices[(t * n + i) * n + j] * sample.states[t * n + j] }
            for j in 0..<m { sum += dynamics.actionMatrices[(t * n + i) * m + j] * sample.actions[t * m + j] }
            sample.states[(t + 1) * n + i] = sum
          }
        }
        return sample
      }
    }
  }

  private func estimator(_ strength: Double, _ change: (inout LinearGaussianRegressionSettings) -> Void = { _ in })
    -> MixtureRegression
  {
    var settings = LinearGaussianRegressionSettings()
    (settings.strength, settings.regularization) = (strength, 1e-12)
    change(&settings)
    return MixtureRegression(settings, inputSize: Self.n + Self.m, outputSize: Self.n)
  }

  private func fitted(
    _ samples: [SampledTrajectory], _ strength: Double,
    _ change: (inout LinearGaussianRegressionSettings) -> Void = { _ in }
  ) throws -> (dynamics: TimeVaryingLinearGaussian, logLikelihoods: [Double]) {
    var (estimator, random) = (estimator(strength, change), RandomStream(seed: 1))
    let rows = TimedRows(transitionsOf: samples)
    _ = estimator.absorb([rows], using: &random)
    guard case .fitted(let conditionals, let likelihoods) = estimator.fit(rows) else { throw Unfitted() }
    return (TimeVaryingLinearGaussian(conditionals), likelihoods)
  }

  private struct Unfitted: Error {}

  /// Root mean square error of all A and B.
  private func error(_ found: TimeVaryingLinearGaussian, _ system: System) -> Double {
    let pairs =
      zip(found.stateMatrices, system.dynamics.stateMatrices).map { ($0, $1) }
      + zip(found.actionMatrices, system.dynamics.actionMatrices).map { ($0, $1) }
    return (pairs.reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(pairs.count)).squareRoot()
  }

  @Test func findsAnExactSystem() throws {
    let system = System(seed: 1, noise: 0)
    let found = try fitted(system.samples(12, seed: 1), 0).dynamics
    #expect(error(found, system) < 1e-8)
    #expect(zip(found.offsets, system.dynamics.offsets).allSatisfy { abs($0 - $1) < 1e-8 })
    #expect(found.covariances.allSatisfy { abs($0) < 1e-8 })
  }

  /// With N samples of p inputs and noise of variance s², least squares has the covariance s² (ZᵀZ)⁻¹, of about s² / N
  /// on inputs of unit variance: the error falls as 1 / √N.
  @Test func errorsFallAsTheRootOfTheNumberOfSamples() throws {
    var scaled: [Double] = []
    for count in [100, 400, 1600] {
      var squares = 0.0
      for seed in UInt64(1)...6 {
        let system = System(seed: seed, noise: 0.3)
        let value = error(try fitted(system.samples(count, seed: seed + 50), 0).dynamics, system)
        squares += value * value / 6
      }
      scaled.append((squares * Double(count)).squareRoot())
    }
    // states after the first step have other variances than 1, all within a factor of about two
    for value in scaled {
      #expect(value > 0.15 && value < 0.6, "\(scaled)")
      #expect(abs(value / scaled[2] - 1) < 0.15, "\(scaled)")
    }
  }

  /// Where dynamics are the same at all times, five samples a time and a prior are better than without, whose fit to
  /// five samples of five inputs is worthless.
  @Test func thePriorHelps() throws {
    let system = System(seed: 2, noise: 0.05, isConstant: true)
    let samples = system.samples(5, seed: 3)
    let (alone, helped) = (
      error(try fitted(samples, 0).dynamics, system),
      error(try fitted(samples, 5) { $0.mixture.clusters = 1 }.dynamics, system)
    )
    #expect(helped < 0.3 * alone && helped < 0.1, "\(helped) against \(alone)")
    // and gives way to many samples
    let changing = System(seed: 3, noise: 0.1)
    let many = changing.samples(800, seed: 4)
    let ratio = try error(fitted(many, 1).dynamics, changing) / error(fitted(many, 0).dynamics, changing)
    #expect(ratio < 1.3)
  }

  /// The likelihood that is reported is that of the conditional density in the rows' own units.
  @Test func likelihoodIsOfTheRows() throws {
    let system = System(seed: 4, noise: 0.3)
    let samples = system.samples(4000, seed: 5)
    let (_, likelihoods) = try fitted(samples, 0)
    // -(log det(s² I) + n log 2π + n) / 2 at the truth
    let expected = -Double(Self.n) * (0.5 + 0.918_938_533 - 1.203_972_804)
    for value in likelihoods { #expect(abs(value - expected) < 0.05, "\(value) against \(expected)") }
  }

  /// Iterations beyond the history, and trajectories beyond their number, are forgotten; what is left goes with a
  /// checkpoint.
  @Test func forgetsAndIsRestored() throws {
    var model = estimator(1) { ($0.history, $0.trajectories) = (2, 10) }
    var random = RandomStream(seed: 1)
    let system = System(seed: 1, noise: 0.1)
    for seed in UInt64(1)...4 {
      let report = model.absorb([TimedRows(transitionsOf: system.samples(4, seed: seed))], using: &random)
      #expect(report.rows == min(Int(seed), 2) * 4 * Self.steps && !report.failed && report.clusters == 1)
    }
    let rows = TimedRows(transitionsOf: system.samples(4, seed: 9))
    var restored = estimator(1) { ($0.history, $0.trajectories) = (2, 10) }
    try OracleState(model).restore(into: &restored)
    #expect(restored.fit(rows) == model.fit(rows))
    var (one, other) = (random, random)
    #expect(model.absorb([rows], using: &one) == restored.absorb([rows], using: &other))
    #expect(restored.fit(rows) == model.fit(rows))
  }

  @Test func numbersThatAreNotFiniteFail() {
    var samples = System(seed: 1, noise: 0.1).samples(4, seed: 1)
    samples[1].states[7] = .infinity
    #expect(throws: Unfitted.self) { try fitted(samples, 1) }
  }
}
