import Experience
import Foundation
import Interfaces
import Kernels
import Models

extension BenchCase {
  /// Hyperparameters of a Gaussian process world from scratch, as `Benchmarks/peers/gaussian_process_sklearn.py --fit 1000`
  /// finds scikit-learn's on the same points.
  static let gaussianProcess = BenchCase(
    name: "gp-fit", summary: "fit of Gaussian processes from scratch: 1,000 points, 5 inputs, 4 outputs"
  ) { clock in
    let (points, states) = (1000, 4)
    let data = transitions(points, states: states)
    let space = ActionSpace.box(low: [-2], high: [2])
    return try clock.measure("gp-fit", metric: "fits", unit: "fits/s", amount: 1) {
      var settings = GaussianProcessSettings()
      settings.points = points
      var model = GaussianProcessModel(settings, stateSize: states, actions: space)
      var (random, metrics) = (RandomStream(seed: 1), MetricRow(names: GaussianProcessModel.metricNames))
      try model.fit(to: data, using: &random, metrics: &metrics)
    }
  }

  /// Imagined steps of a Gaussian process world along its mean, as planners take them.
  static let gaussianProcessRollout = BenchCase(
    name: "gp-rollout",
    summary: "100 imagined trajectories of 25 steps in Gaussian processes of 400 points, means alone"
  ) { clock in
    let (points, states, rows, steps) = (400, 4, 100, 25)
    var settings = GaussianProcessSettings()
    (settings.samples, settings.iterations) = (false, 20)
    var model = GaussianProcessModel(settings, stateSize: states, actions: .box(low: [-2], high: [2]))
    var (random, metrics) = (RandomStream(seed: 1), MetricRow(names: GaussianProcessModel.metricNames))
    try model.fit(to: transitions(points, states: states), using: &random, metrics: &metrics)
    let rollout = model.makeRollout(capacity: rows, keeping: 0)
    let starts = [Float](repeating: 0.1, count: rows * states)
    let actions = (0..<rows).map { 2 * sin(Float($0)) }
    return clock.measure("gp-rollout", metric: "steps", unit: "steps/s", amount: Double(rows * steps)) {
      rollout.reset(RolloutStarts(count: rows, states: starts), using: random)
      for _ in 0..<steps { rollout.advance(actions) }
    }
  }

  /// Points of a Weyl sequence, frac((i + 1) sqrt(prime)), and smooth changes with noise of the same kind.
  private static func transitions(_ count: Int, states: Int) -> ReplayBuffer {
    func weyl(_ index: Int, _ prime: Double) -> Double {
      (Double(index + 1) * prime.squareRoot()).truncatingRemainder(dividingBy: 1)
    }
    let primes: [Double] = [2, 3, 5, 7, 11]
    var x = (0..<count).map { i in primes.map { 4 * weyl(i, $0) - 2 } }
    for k in primes.indices {
      let mean = x.reduce(0) { $0 + $1[k] } / Double(count)
      let deviation = (x.reduce(0) { $0 + ($1[k] - mean) * ($1[k] - mean) } / Double(count)).squareRoot()
      for i in 0..<count { x[i][k] = (x[i][k] - mean) / deviation }
    }
    var data = ReplayBuffer(capacity: count, observationSize: states, actionSize: 1)
    for i in 0..<count {
      let noise = weyl(i, 97) - 0.5
      let next = (0..<states).map { output in
        let change =
          sin(x[i][output % 5]) * x[i][(output + 1) % 5] + cos(x[i][(output + 2) % 5]) + 0.1 * noise
        return Float(x[i][output] + change)
      }
      data.append(
        x[i][0..<states].map { Float($0) }, [Float(x[i][4])], reward: 0, next: next, continues: true)
    }
    return data
  }
}
