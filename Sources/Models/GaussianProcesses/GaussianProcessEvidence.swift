import Foundation
import Kernels

/// Minus the logarithm of the marginal likelihood of a Gaussian process with zero mean, as a function of its
/// hyperparameters, with gradient (Rasmussen and Williams 2006, equations 2.30 and 5.9).
///
/// Kernel: k(x, x') = s² exp(-½ Σ_k (x_k - x'_k)² / l_k²), noise n² on the diagonal; hyperparameters are (log l_1 ... log
/// l_K, log s, log n). For n points and K inputs O(n³ + n² K), in double precision; one owner, which keeps all scratch.
package final class GaussianProcessEvidence {
  /// Number of points, n.
  package let count: Int
  /// Inputs of a point, K.
  package let inputs: Int
  private let x: [Double]  // [K, n]
  private let y: [Double]  // [n]
  private var scaled: [Double]  // inputs over their length scales, [K, n]
  private var kernel: [Double]  // [n, n], lower triangle
  /// The noisy kernel, then its factor, then its inverse: lower triangle of [n, n].
  private var matrix: [Double]
  /// K^-1 y, [n], of the last `value`.
  package private(set) var weights: [Double]
  /// Columns of the next two: K + 1, rounded up to whole vectors.
  private let columns: Int
  private var right: [Double]  // [n, columns], zero beyond K + 1
  private var product: [Double]  // [n, columns]

  /// Inputs `x` [n, K], row-major, and outputs `y` [n].
  package init(_ x: [Double], _ y: [Double]) {
    count = y.count
    inputs = x.count / y.count
    precondition(x.count == count * inputs && count > 0, "\(x.count) inputs of \(y.count) points")
    var columns = [Double](repeating: 0, count: x.count)
    for i in 0..<count { for k in 0..<inputs { columns[k * count + i] = x[i * inputs + k] } }
    self.x = columns
    self.y = y
    scaled = columns
    kernel = Array(repeating: 0, count: count * count)
    matrix = kernel
    weights = y
    self.columns = (inputs + 8) / 8 * 8
    right = Array(repeating: 0, count: count * self.columns)
    product = right
  }

  /// The value at `parameters` [K + 2], and its gradient [K + 2]; infinite, with a gradient that means nothing, where the
  /// kernel's matrix is not positive definite.
  package func value(at parameters: [Double], gradient: inout [Double]) -> Double {
    precondition(parameters.count == inputs + 2 && gradient.count == inputs + 2, "hyperparameters of another kernel")
    guard let value = factor(parameters) else { return .infinity }
    let n = count
    let noise = exp(2 * parameters[inputs + 1])
    matrix.withUnsafeMutableBufferPointer { matrix in
      kernel.withUnsafeBufferPointer { kernel in
        guard let matrix = matrix.baseAddress, let kernel = kernel.baseAddress else { return }
        DoubleBlocks.invert(factor: matrix, order: n)
        var trace = 0.0
        for i in 0..<n { trace += matrix[i * n + i] - weights[i] * weights[i] }
        gradient[inputs + 1] = noise * trace
        // V = (K^-1 - α α') ∘ k, in place
        for i in 0..<n {
          let (row, values, alpha) = (matrix + i * n, kernel + i * n, weights[i])
          weights.withUnsafeBufferPointer { weights in
            for j in 0...i { row[j] = (row[j] - alpha * weights[j]) * values[j] }
          }
        }
        // V (z, 1), of which the last column has the sums of the rows
        for i in 0..<n {
          for k in 0..<inputs { right[i * columns + k] = scaled[k * n + i] }
          right[i * columns + inputs] = 1
        }
        DoubleBlocks.multiply(symmetric: matrix, order: n, right, columns: columns, &product)
      }
    }
    // ½ Σ_ij V_ij (z_ik - z_jk)² = Σ_i z_ik (z_ik Σ_j V_ij - (V z)_ik)
    var total = 0.0
    for k in 0..<inputs {
      var sum = 0.0
      for i in 0..<n {
        let (z, row) = (scaled[k * n + i], i * columns)
        sum += z * (z * product[row + inputs] - product[row + k])
      }
      gradient[k] = sum
    }
    for i in 0..<n { total += product[i * columns + inputs] }
    gradient[inputs] = total
    return value
  }

  /// The inverse of the noisy kernel's matrix at `parameters`, [n, n], and the weights K^-1 y, [n]; nil where it is not
  /// positive definite.
  package func posterior(at parameters: [Double]) -> (inverse: [Double], weights: [Double])? {
    guard factor(parameters) != nil else { return nil }
    let n = count
    matrix.withUnsafeMutableBufferPointer {
      guard let matrix = $0.baseAddress else { return }
      DoubleBlocks.invert(factor: matrix, order: n)
      DoubleBlocks.mirror(matrix, order: n)
    }
    return (matrix, weights)
  }

  /// Leaves the kernel, the noisy kernel's factor and the weights, and returns the value.
  private func factor(_ parameters: [Double]) -> Double? {
    let n = count
    for k in 0..<inputs {
      let inverse = exp(-parameters[k])
      for i in k * n..<(k + 1) * n { scaled[i] = x[i] * inverse }
    }
    let (signal, noise) = (2 * parameters[inputs], exp(2 * parameters[inputs + 1]))
    var value: Double?
    kernel.withUnsafeMutableBufferPointer { kernel in
      matrix.withUnsafeMutableBufferPointer { matrix in
        scaled.withUnsafeBufferPointer { scaled in
          guard let kernel = kernel.baseAddress, let matrix = matrix.baseAddress, let z = scaled.baseAddress else {
            return
          }
          for i in 0..<n {
            let row = kernel + i * n
            DoubleBlocks.squaredExponentials(
              z, points: i + 1, stride: n, z + i, step: n, inputs: inputs, logSignal: signal, into: row)
            (matrix + i * n).update(from: row, count: i + 1)
            matrix[i * n + i] += noise
          }
          guard DoubleBlocks.factor(matrix, order: n) else { return }
          weights = y
          weights.withUnsafeMutableBufferPointer { weights in
            if let weights = weights.baseAddress { DoubleBlocks.solve(factor: matrix, order: n, weights) }
          }
          // ½ y' K^-1 y + Σ log L_ii + n/2 log 2π
          var sum = 0.5 * Double(n) * log(2 * .pi)
          for i in 0..<n { sum += 0.5 * y[i] * weights[i] + log(matrix[i * n + i]) }
          value = sum.isFinite ? sum : nil
        }
      }
    }
    return value
  }
}
