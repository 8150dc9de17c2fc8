import Control
import Foundation
import Interfaces
import Kernels
import Models
import TestSupport
import Testing

/// Regression and update against numpy on the same numbers.
@Suite struct NumpyLocalModelsTests {
  private struct Request: Encodable {
    var regression: Regression
    var update: Update

    struct Regression: Encodable {
      var (times, count, inputs, outputs) = (0, 0, 0, 0)
      var (rows, weights, means, covariances, counts) = ([Double](), [Double](), [Double](), [Double](), [Double]())
      var (strength, regularization) = (0.0, 0.0)

      enum CodingKeys: CodingKey {
        case times, count, inputs, outputs, rows, weights, means, covariances, counts, strength, regularization
      }
    }

    struct Update: Encodable {
      var (horizon, states, actions) = (0, 0, 0)
      var eta = 0.0
      var (a, b, c, w) = ([Double](), [Double](), [Double](), [Double]())
      var (q, r, xx, ux, uu) = ([Double](), [Double](), [Double](), [Double](), [Double]())
      var (gains, offsets, covariances) = ([Double](), [Double](), [Double]())
      var (mean, covariance) = ([Double](), [Double]())

      enum CodingKeys: CodingKey {
        case horizon, states, actions, eta, a, b, c, w, q, r, xx, ux, uu, gains, offsets, covariances, mean, covariance
      }
    }
  }

  private struct Answer: Decodable {
    struct Conditionals: Decodable { let matrices, offsets, covariances: [Double] }
    struct Controller: Decodable {
      let gains, offsets, covariances: [Double]
      let divergence: Double
    }
    let regression: Conditionals
    let update: Controller
  }

  private struct Unsolved: Error {}

  /// The largest difference, relative to the largest number.
  private func worst(_ found: [Double], _ expected: [Double]) -> Double {
    guard found.count == expected.count else { return .infinity }
    let scale = expected.reduce(1e-30) { max($0, abs($1)) }
    return zip(found, expected).reduce(0) { max($0, abs($1.0 - $1.1)) } / scale
  }

  @Test(arguments: [UInt64(1), 2]) func regressionAndBackwardPassAgree(_ seed: UInt64) throws {
    let (horizon, n, m, count) = (20, 4, 2, 6)
    var random = RandomStream(seed: seed)
    func normal(_ scale: Double) -> Double { scale * Double(random.normal()) }

    // trajectories of a pendulum-like system, so that the mixture has something to find
    let samples = (0..<count).map { _ in
      var sample = SampledTrajectory(horizon: horizon, stateSize: n, actionSize: m)
      for i in 0..<n { sample.states[i] = normal(1) }
      for t in 0..<horizon {
        let x = Array(sample.states[t * n..<(t + 1) * n])
        for i in 0..<m { sample.actions[t * m + i] = normal(1) - 0.3 * x[i] }
        for i in 0..<2 {
          sample.states[(t + 1) * n + i] = x[i] + 0.2 * x[2 + i] + normal(0.01)
          sample.states[(t + 1) * n + 2 + i] =
            x[2 + i] - 0.2 * sin(x[i]) + 0.2 * sample.actions[t * m + i] + normal(0.05)
        }
      }
      return sample
    }
    let rows = TimedRows(transitionsOf: samples)
    var settings = LinearGaussianRegressionSettings()
    (settings.strength, settings.mixture.clusters, settings.mixture.pointsPerCluster) = (1.5, 3, 30)
    var estimator = MixtureRegression(settings, inputSize: n + m, outputSize: n)
    #expect(estimator.absorb([rows], using: &random).clusters > 1)
    guard case .fitted(let conditionals, _) = estimator.fit(rows), let mixture = estimator.prior else {
      throw Unsolved()
    }
    var regression = Request.Regression()
    (regression.times, regression.count, regression.inputs, regression.outputs) = (horizon, count, n + m, n)
    (regression.rows, regression.weights, regression.means) = (rows.values, mixture.weights, mixture.means)
    (regression.covariances, regression.counts) = (mixture.covariances, mixture.counts)
    (regression.strength, regression.regularization) = (settings.strength, settings.regularization)

    // the fitted dynamics, a convex cost and a controller
    let dynamics = TimeVaryingLinearGaussian(conditionals)
    var costs = QuadraticCosts(count: horizon + 1, tangentSize: n, actionSize: m)
    for t in 0...horizon {
      let root = DoubleMatrix(rows: n + m, columns: n + m, (0..<(n + m) * (n + m)).map { _ in normal(0.4) })
      let joint = root * root.transposed
      for i in 0..<n {
        costs.stateGradients[t * n + i] = normal(0.3)
        for j in 0..<n { costs.stateHessians[(t * n + i) * n + j] = joint[i, j] }
      }
      for i in 0..<m {
        costs.actionGradients[t * m + i] = t < horizon ? normal(0.3) : 0
        for j in 0..<n { costs.crossHessians[(t * m + i) * n + j] = t < horizon ? joint[n + i, j] : 0 }
        for j in 0..<m { costs.actionHessians[(t * m + i) * m + j] = joint[n + i, n + j] + (i == j ? 0.1 : 0) }
      }
    }
    var previous = TimedLinearGaussian(count: horizon, inputSize: n, outputSize: m)
    for i in previous.matrices.indices { previous.matrices[i] = normal(0.2) }
    for t in 0..<horizon {
      for i in 0..<m { previous.covariances[(t * m + i) * m + i] = 0.5 + Double(random.uniform()) }
    }
    let start = GaussianState(mean: (0..<n).map { _ in normal(1) }, covariance: DoubleMatrix.identity(n).elements)
    var updater = ControllerUpdate(ControllerUpdateSettings(), horizon: horizon, stateSize: n, actionSize: m)
    let outcome = updater.solve(
      ControllerUpdateProblem(dynamics: dynamics, costs: costs, start: start, previous: previous), bound: 0.2, eta: 1)
    guard case .updated(let report) = outcome else { throw Unsolved() }
    var update = Request.Update()
    (update.horizon, update.states, update.actions, update.eta) = (horizon, n, m, report.multipliers[0])
    (update.a, update.b, update.c) = (dynamics.stateMatrices, dynamics.actionMatrices, dynamics.offsets)
    (update.w, update.q, update.r) = (dynamics.covariances, costs.stateGradients, costs.actionGradients)
    (update.xx, update.ux, update.uu) = (costs.stateHessians, costs.crossHessians, costs.actionHessians)
    (update.gains, update.offsets) = (previous.matrices, previous.offsets)
    (update.covariances, update.mean, update.covariance) = (previous.covariances, start.mean, start.covariance)

    let answer = try PeerProcess.ask(
      "local_models.py", in: "Benchmarks/peers", Request(regression: regression, update: update), as: Answer.self)
    #expect(worst(conditionals.matrices, answer.regression.matrices) < 1e-8)
    #expect(worst(conditionals.offsets, answer.regression.offsets) < 1e-8)
    #expect(worst(conditionals.covariances, answer.regression.covariances) < 1e-8)
    #expect(worst(report.controller.matrices, answer.update.gains) < 1e-8)
    #expect(worst(report.controller.offsets, answer.update.offsets) < 1e-8)
    #expect(worst(report.controller.covariances, answer.update.covariances) < 1e-8)
    #expect(abs(report.divergences.reduce(0, +) / answer.update.divergence - 1) < 1e-8)
  }
}
