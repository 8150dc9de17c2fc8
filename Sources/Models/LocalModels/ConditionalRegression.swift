import Foundation
import Interfaces
import Kernels

/// The conditionals of some rows as they are fitted, time by time.
struct ConditionalRegression {
  private let rows: TimedRows
  private let regularization: Double
  private(set) var result: TimedLinearGaussian
  /// Mean over the rows of log p(y | z) at each time.
  private(set) var logLikelihoods: [Double]

  init(_ rows: TimedRows, regularization: Double) {
    self.rows = rows
    self.regularization = regularization
    result = TimedLinearGaussian(count: rows.times, inputSize: rows.inputSize, outputSize: rows.outputSize)
    logLikelihoods = Array(repeating: 0, count: rows.times)
  }

  /// Fits time `t` to `points` [T, N, D], the rows in `coordinates`. False if that cannot be.
  mutating func fit(
    _ t: Int, _ points: [Double], _ prior: NormalInverseWishart, _ coordinates: Standardization
  ) -> Bool {
    let (count, inputs, outputs, d) = (rows.count, rows.inputSize, rows.outputSize, rows.width)
    let first = t * count * d
    var mean = [Double](repeating: 0, count: d)
    var scatter = [Double](repeating: 0, count: d * d)
    for row in 0..<count { for i in 0..<d { mean[i] += points[first + row * d + i] / Double(count) } }
    var centered = [Double](repeating: 0, count: count * d)
    for row in 0..<count { for i in 0..<d { centered[row * d + i] = points[first + row * d + i] - mean[i] } }
    gemm(.transposed, m: d, n: d, k: count, centered, lda: d, centered, ldb: d, &scatter, ldc: d)
    let joint = prior.posterior(mean: mean, scatter: scatter, count: Double(count)).covariance

    var (zz, zy) = (DoubleMatrix(rows: inputs, columns: inputs), DoubleMatrix(rows: inputs, columns: outputs))
    for i in 0..<inputs {
      for j in 0..<inputs { zz[i, j] = (joint[i * d + j] + joint[j * d + i]) / 2 }
      for j in 0..<outputs { zy[i, j] = joint[i * d + inputs + j] }
      zz[i, i] += regularization
    }
    guard let weights = try? zz.solvePositiveDefinite(zy) else { return false }  // Mᵀ
    // S_yy - M S_zz Mᵀ = S_yy - M S_zy, with S_zz as regularized
    var left = DoubleMatrix(rows: outputs, columns: outputs)
    let explained = weights.transposed * zy
    for i in 0..<outputs {
      for j in 0..<outputs {
        let value = (joint[(inputs + i) * d + inputs + j] + joint[(inputs + j) * d + inputs + i]) / 2
        left[i, j] = value - (explained[i, j] + explained[j, i]) / 2
      }
      // what rounding takes away
      left[i, i] = max(left[i, i], 0) + 1e-12
    }
    logLikelihoods[t] = logLikelihood(centered, weights, left)
    write(t, mean, weights, left, coordinates)
    return result.matrices[t * outputs * inputs..<(t + 1) * outputs * inputs].allSatisfy(\.isFinite)
      && logLikelihoods[t].isFinite
  }

  /// Mean of log N(y; M z, S) over `centered` [N, D], in standardized coordinates.
  private func logLikelihood(_ centered: [Double], _ weights: DoubleMatrix, _ covariance: DoubleMatrix) -> Double {
    let (count, inputs, outputs, d) = (rows.count, rows.inputSize, rows.outputSize, rows.width)
    guard let factor = try? covariance.cholesky() else { return .nan }
    var total = -Double(outputs) * log(2 * Double.pi) / 2
    for i in 0..<outputs { total -= log(factor[i, i]) }
    var left = [Double](repeating: 0, count: outputs)
    for row in 0..<count {
      for j in 0..<outputs {
        var value = centered[row * d + inputs + j]
        for i in 0..<inputs { value -= weights[i, j] * centered[row * d + i] }
        // L e = y - M z
        for e in 0..<j { value -= factor[j, e] * left[e] }
        left[j] = value / factor[j, j]
        total -= left[j] * left[j] / 2 / Double(count)
      }
    }
    return total
  }

  /// Takes time `t` back to the rows' own units.
  private mutating func write(
    _ t: Int, _ mean: [Double], _ weights: DoubleMatrix, _ covariance: DoubleMatrix, _ coordinates: Standardization
  ) {
    let (inputs, outputs) = (rows.inputSize, rows.outputSize)
    let scales = coordinates.scales
    func value(_ i: Int) -> Double { coordinates.means[i] + scales[i] * mean[i] }
    for i in 0..<outputs {
      var offset = value(inputs + i)
      for j in 0..<inputs {
        let slope = weights[j, i] * scales[inputs + i] / scales[j]
        result.matrices[(t * outputs + i) * inputs + j] = slope
        offset -= slope * value(j)
      }
      result.offsets[t * outputs + i] = offset
      for j in 0..<outputs {
        result.covariances[(t * outputs + i) * outputs + j] = covariance[i, j] * scales[inputs + i] * scales[inputs + j]
      }
    }
    let dimension = (0..<outputs).reduce(0) { $0 + log(scales[inputs + $1]) }
    logLikelihoods[t] -= dimension
  }
}
