import Interfaces
import Kernels

/// The metric in which samples measure a policy's error: their weighted precisions in standardized actions, divided by
/// the loss of the best constant mean.
struct PrecisionMetric {
  /// (Σ w P / Σ w)⁻¹, [m, m].
  let covariance: [Double]
  private let size: Int
  /// Wanted means, standardized, [N, m].
  private let targets: [Float]
  /// w P in standardized actions over the normalization, [N, m, m].
  private let precisions: [Float]
  /// What the weighted squares are divided by.
  private let normalization: Double

  /// Nil if there is no weight, the mean precision is singular or a number is not finite.
  init?(_ samples: PolicyRegressionData, scales: [Double], middles: [Double]) {
    let (m, count) = (samples.actionSize, samples.count)
    size = m
    let total = samples.weights.reduce(0, +)
    guard total > 0, samples.means.allSatisfy(\.isFinite) else { return nil }
    // Σ w P and Σ w P m: the best constant mean c solves (Σ w P) c = Σ w P m
    var (sum, pull) = (DoubleMatrix(rows: m, columns: m), DoubleMatrix(rows: m, columns: 1))
    for n in 0..<count {
      for i in 0..<m {
        for j in 0..<m {
          let precision = samples.weights[n] * samples.precisions[(n * m + i) * m + j]
          sum[i, j] += precision
          pull[i, 0] += precision * samples.means[n * m + j]
        }
      }
    }
    guard let constant = try? sum.solvePositiveDefinite(pull),
      let inverse = try? sum.solvePositiveDefinite(.identity(m))
    else { return nil }
    covariance = inverse.elements.map { $0 * total }
    var spread = 0.0
    for n in 0..<count {
      for i in 0..<m {
        let left = samples.means[n * m + i] - constant[i, 0]
        for j in 0..<m {
          let other = samples.means[n * m + j] - constant[j, 0]
          spread += samples.weights[n] * left * samples.precisions[(n * m + i) * m + j] * other
        }
      }
    }
    // samples that all say the same have no spread: one standard deviation instead
    normalization = (spread > 1e-12 * total ? spread : total) / Double(count)
    let scale = 1 / normalization
    guard scale.isFinite else { return nil }
    targets = (0..<count * m).map { Float((samples.means[$0] - middles[$0 % m]) / scales[$0 % m]) }
    precisions = (0..<count * m * m).map { index in
      let (n, i, j) = (index / (m * m), index / m % m, index % m)
      return Float(scale * samples.weights[n] * samples.precisions[index] * scales[i] * scales[j])
    }
  }

  /// Writes scale P (y - m) for sample `sample` and outputs `y` [m].
  func writeGradient(
    _ sample: Int, _ y: UnsafePointer<Float>, scale: Float, into gradient: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<size {
      var sum: Float = 0
      for j in 0..<size {
        sum += precisions[(sample * size + i) * size + j] * (y[j] - targets[sample * size + j])
      }
      gradient[i] = scale * sum
    }
  }

  /// The loss of `means` [N, m], in actions' own units, relative to the best constant's.
  func loss(of means: [Double], _ samples: PolicyRegressionData) -> Double {
    var total = 0.0
    for n in 0..<samples.count {
      for i in 0..<size {
        let left = means[n * size + i] - samples.means[n * size + i]
        for j in 0..<size {
          let other = means[n * size + j] - samples.means[n * size + j]
          total += samples.weights[n] * left * samples.precisions[(n * size + i) * size + j] * other
        }
      }
    }
    return total / Double(samples.count) / normalization
  }
}
