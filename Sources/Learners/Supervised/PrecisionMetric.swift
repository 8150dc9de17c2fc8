import Interfaces
import Kernels

/// The metric in which lessons measure a policy's error: their weighted precisions in standardized actions, divided by
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
  init?(_ lessons: PolicyRegressionData, scales: [Double], middles: [Double]) {
    let (m, count) = (lessons.actionSize, lessons.count)
    size = m
    let total = lessons.weights.reduce(0, +)
    guard total > 0, lessons.means.allSatisfy(\.isFinite) else { return nil }
    // Σ w P and Σ w P m: the best constant mean c solves (Σ w P) c = Σ w P m
    var (sum, pull) = (DoubleMatrix(rows: m, columns: m), DoubleMatrix(rows: m, columns: 1))
    for n in 0..<count {
      for i in 0..<m {
        for j in 0..<m {
          let precision = lessons.weights[n] * lessons.precisions[(n * m + i) * m + j]
          sum[i, j] += precision
          pull[i, 0] += precision * lessons.means[n * m + j]
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
        let left = lessons.means[n * m + i] - constant[i, 0]
        for j in 0..<m {
          let other = lessons.means[n * m + j] - constant[j, 0]
          spread += lessons.weights[n] * left * lessons.precisions[(n * m + i) * m + j] * other
        }
      }
    }
    // lessons that all say the same have no spread: one standard deviation instead
    normalization = (spread > 1e-12 * total ? spread : total) / Double(count)
    let scale = 1 / normalization
    guard scale.isFinite else { return nil }
    targets = (0..<count * m).map { Float((lessons.means[$0] - middles[$0 % m]) / scales[$0 % m]) }
    precisions = (0..<count * m * m).map { index in
      let (n, i, j) = (index / (m * m), index / m % m, index % m)
      return Float(scale * lessons.weights[n] * lessons.precisions[index] * scales[i] * scales[j])
    }
  }

  /// Writes scale P (y - m) for lesson `lesson` and outputs `y` [m].
  func writeGradient(
    _ lesson: Int, _ y: UnsafePointer<Float>, scale: Float, into gradient: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<size {
      var sum: Float = 0
      for j in 0..<size {
        sum += precisions[(lesson * size + i) * size + j] * (y[j] - targets[lesson * size + j])
      }
      gradient[i] = scale * sum
    }
  }

  /// The loss of `means` [N, m], in actions' own units, relative to the best constant's.
  func loss(of means: [Double], _ lessons: PolicyRegressionData) -> Double {
    var total = 0.0
    for n in 0..<lessons.count {
      for i in 0..<size {
        let left = means[n * size + i] - lessons.means[n * size + i]
        for j in 0..<size {
          let other = means[n * size + j] - lessons.means[n * size + j]
          total += lessons.weights[n] * left * lessons.precisions[(n * size + i) * size + j] * other
        }
      }
    }
    return total / Double(lessons.count) / normalization
  }
}
