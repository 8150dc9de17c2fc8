import Control
import Interfaces
import Kernels
import Models

extension BenchCase {
  /// One iteration of LQR with fitted local models without its trajectories: mixture from scratch, fits, expansions and
  /// the bounded update.
  static let localModels = BenchCase(
    name: "lqr-flm",
    summary: "fit and update of local models: 20 trajectories of 100 steps, 10 states, 3 actions, 20 clusters anew"
  ) { clock in
    let (horizon, n, m, count) = (100, 10, 3, 20)
    let (samples, controller) = trajectories(horizon: horizon, states: n, actions: m, count: count)
    let rows = TimedRows(transitionsOf: samples)
    let cost = SquareCost(stateSize: n, actionSize: m)
    var start = GaussianState(
      mean: Array(repeating: 0, count: n), covariance: DoubleMatrix.identity(n).elements.map { 1e-2 * $0 })
    for i in 0..<n { start.mean[i] = samples.reduce(0) { $0 + $1.states[i] } / Double(count) }
    var updater = ControllerUpdate(ControllerUpdateSettings(), horizon: horizon, stateSize: n, actionSize: m)
    return try clock.measure("lqr-flm", metric: "updates", unit: "updates/s", amount: 1) {
      var (estimator, random) = (
        MixtureRegression(LinearGaussianRegressionSettings(), inputSize: n + m, outputSize: n), RandomStream(seed: 1)
      )
      let prior = estimator.absorb([rows], using: &random)
      guard case .fitted(let conditionals, _) = estimator.fit(rows), prior.clusters > 1 else { throw Unfinished() }
      let problem = ControllerUpdateProblem(
        dynamics: TimeVaryingLinearGaussian(conditionals), costs: QuadraticCosts.average(cost, over: samples).costs,
        start: start, previous: controller)
      guard case .updated = updater.solve(problem, bound: 0.5, eta: 1) else { throw Unfinished() }
    }
  }

  private struct Unfinished: Error {}

  /// Noisy trajectories of a chain of pendulums under noise.
  private static func trajectories(
    horizon: Int, states n: Int, actions m: Int, count: Int
  ) -> ([SampledTrajectory], TimedLinearGaussian) {
    var random = RandomStream(seed: 0)
    func normal(_ scale: Double) -> Double { scale * Double(random.normal()) }
    let half = n / 2
    let samples = (0..<count).map { _ in
      var sample = SampledTrajectory(horizon: horizon, stateSize: n, actionSize: m)
      for i in 0..<n { sample.states[i] = normal(0.1) }
      for t in 0..<horizon {
        for i in 0..<m { sample.actions[t * m + i] = normal(1) }
        for i in 0..<half {
          let (x, v) = (sample.states[t * n + i], sample.states[t * n + half + i])
          let neighbor = sample.states[t * n + (i + 1) % half]
          sample.states[(t + 1) * n + i] = x + 0.05 * v
          sample.states[(t + 1) * n + half + i] =
            v + 0.05 * (neighbor - x - x * x * x + sample.actions[t * m + i % m]) + normal(0.01)
        }
      }
      return sample
    }
    var controller = TimedLinearGaussian(count: horizon, inputSize: n, outputSize: m)
    for t in 0..<horizon { for i in 0..<m { controller.covariances[(t * m + i) * m + i] = 1 } }
    return (samples, controller)
  }
}

/// Σ (|x|² + 0.01 |u|²) / 2.
private struct SquareCost: TrajectoryCost {
  let stateSize: Int
  let actionSize: Int

  func evaluate(
    horizon: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, costs: UnsafeMutablePointer<Double>
  ) {
    for t in 0...horizon {
      costs[t] = 0
      for i in 0..<stateSize { costs[t] += states[t * stateSize + i] * states[t * stateSize + i] / 2 }
      for i in 0..<actionSize { costs[t] += 0.005 * actions[t * actionSize + i] * actions[t * actionSize + i] }
    }
  }

  func quadratize(
    horizon: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, into costs: inout QuadraticCosts
  ) {
    let (n, m) = (stateSize, actionSize)
    costs.withUnsafePointers { costs in
      evaluate(horizon: horizon, states: states, actions: actions, costs: costs.values)
      for t in 0...horizon {
        for i in 0..<n {
          costs.stateGradients[t * n + i] = states[t * n + i]
          costs.stateHessians[(t * n + i) * n + i] = 1
        }
        for i in 0..<m {
          costs.actionGradients[t * m + i] = 0.01 * actions[t * m + i]
          costs.actionHessians[(t * m + i) * m + i] = 0.01
        }
      }
    }
  }
}
