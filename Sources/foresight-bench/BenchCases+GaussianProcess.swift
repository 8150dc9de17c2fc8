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
