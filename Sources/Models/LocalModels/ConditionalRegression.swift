import Foundation
import Interfaces
import Kernels

/// Fits p(y | z) at each time on its own.
struct ConditionalRegression {
  /// The rows to fit.
  let rows: TimedRows
  /// `rows` in `coordinates`, [T, N, D].
  let points: [Double]
  let coordinates: Standardization
  /// What is added to the diagonal of S_zz.
  let regularization: Double

  /// p(y | z) = N(M z + b, S) of one time, in the rows' own units, and the mean of its logarithm over the rows.
  private struct Conditional {
    var matrix: [Double]
    var offset: [Double]
    var covariance: [Double]
    var logLikelihood: Double
  }

  /// Fits all times, side by side, with the prior that `prior` gives for each.
  func fit(_ prior: (Int) -> NormalInverseWishart) -> LinearGaussianFit {
    var fits = [Conditional?](repeating: nil, count: rows.times)
    fits.withUnsafeMutableBufferPointer { fits in
      guard let fits = fits.baseAddress else { return }
      WorkerPool.forEach(rows.times) { fits[$0] = fit($0, prior($0)) }
    }
    let (inputs, outputs) = (rows.inputSize, rows.outputSize)
    var result = TimedLinearGaussian(count: rows.times, inputSize: inputs, outputSize: outputs)
    var logLikelihoods: [Double] = []
    for (t, fit) in fits.enumerated() {
      guard let fit else { return .failed(step: t) }
      let first = t * outputs
      result.matrices.replaceSubrange(first * inputs..<(first + outputs) * inputs, with: fit.matrix)
      result.offsets.replaceSubrange(first..<first + outputs, with: fit.offset)
      result.covariances.replaceSubrange(first * outputs..<(first + outputs) * outputs, with: fit.covariance)
      logLikelihoods.append(fit.logLikelihood)
    }
    return .fitted(result, logLikelihoods: logLikelihoods)
  }

  /// Fits time `t`; nil if that cannot be.
  private func fit(_ t: Int, _ prior: NormalInverseWishart) -> Conditional? {
    guard prior.mean.allSatisfy(\.isFinite), prior.covariance.allSatisfy(\.isFinite) else { return nil }
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
    guard let weights = try? zz.solvePositiveDefinite(zy) else { return nil }  // Mᵀ
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
    let fit = inUnits(mean, weights, left, logLikelihood(centered, weights, left))
    return fit.matrix.allSatisfy(\.isFinite) && fit.logLikelihood.isFinite ? fit : nil
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

  /// Takes a fit to standardized numbers of mean `mean` back to the rows' own units.
  private func inUnits(
    _ mean: [Double], _ weights: DoubleMatrix, _ covariance: DoubleMatrix, _ logLikelihood: Double
  ) -> Conditional {
    let (inputs, outputs, scales) = (rows.inputSize, rows.outputSize, coordinates.scales)
    var fit = Conditional(
      matrix: Array(repeating: 0, count: outputs * inputs), offset: Array(repeating: 0, count: outputs),
      covariance: Array(repeating: 0, count: outputs * outputs), logLikelihood: logLikelihood)
    func value(_ i: Int) -> Double { coordinates.means[i] + scales[i] * mean[i] }
    for i in 0..<outputs {
      var offset = value(inputs + i)
      for j in 0..<inputs {
        let slope = weights[j, i] * scales[inputs + i] / scales[j]
        fit.matrix[i * inputs + j] = slope
        offset -= slope * value(j)
      }
      fit.offset[i] = offset
      for j in 0..<outputs {
        fit.covariance[i * outputs + j] = covariance[i, j] * scales[inputs + i] * scales[inputs + j]
      }
      fit.logLikelihood -= log(scales[inputs + i])
    }
    return fit
  }
}
