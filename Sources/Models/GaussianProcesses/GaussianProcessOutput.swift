import Foundation
import Kernels

/// One output of a Gaussian process after it has seen its data: what predictions need.
package struct GaussianProcessOutput: Sendable {
  /// (log l_1 ... log l_K, log s, log n) of normalized inputs and outputs.
  package let parameters: [Double]
  /// 1 / l of each input, [K], and points over their length scales, [K, n].
  let scales: [Double]
  let scaled: [Double]
  /// The inverse of the noisy kernel's matrix, [n, n].
  package let inverse: [Double]
  /// K^-1 y, [n].
  package let weights: [Double]
  /// Columns by which a row of kernels is multiplied: (α, α x_1 ... α x_K) for the mean's derivatives, [n, C].
  let meanColumns: [Double]
  /// The same for the variance: (1, x_1 ... x_K), [n, C].
  let varianceColumns: [Double]
  /// C: K + 1, rounded up to whole vectors.
  static func columns(_ inputs: Int) -> Int { (inputs + 16) / 16 * 16 }

  /// Conditioned on points `x` [n, K] with outputs `y` [n]; nil where the kernel's matrix is not positive definite.
  package init?(_ evidence: GaussianProcessEvidence, _ x: [Double], at parameters: [Double]) {
    guard let posterior = evidence.posterior(at: parameters) else { return nil }
    let (n, inputs) = (evidence.count, evidence.inputs)
    self.parameters = parameters
    (inverse, weights) = posterior
    var scaled = [Double](repeating: 0, count: inputs * n)
    let columns = Self.columns(inputs)
    var means = [Double](repeating: 0, count: n * columns)
    var variances = means
    scales = parameters[0..<inputs].map { exp(-$0) }
    for i in 0..<n {
      means[i * columns] = weights[i]
      variances[i * columns] = 1
      for k in 0..<inputs {
        scaled[k * n + i] = x[i * inputs + k] * scales[k]
        means[i * columns + 1 + k] = weights[i] * x[i * inputs + k]
        variances[i * columns + 1 + k] = x[i * inputs + k]
      }
    }
    self.scaled = scaled
    meanColumns = means
    varianceColumns = variances
  }
}

/// Scratch of predictions of up to `capacity` rows.
struct GaussianProcessScratch {
  let kernels: FixedBuffer<Double>  // [rows, n]
  let solved: FixedBuffer<Double>  // [rows, n]
  let sums: FixedBuffer<Double>  // [2, rows, C]

  init(capacity: Int, points: Int, inputs: Int) {
    kernels = FixedBuffer(0, count: capacity * points)
    solved = FixedBuffer(0, count: capacity * points)
    sums = FixedBuffer(0, count: 2 * capacity * GaussianProcessOutput.columns(inputs))
  }
}

extension GaussianProcessOutput {
  /// Where predictions go: means [rows] and standard deviations [rows], and their derivatives by the inputs [rows, K] where
  /// they are wanted. Deviations are of a new observation, noise included.
  struct Prediction {
    var means: UnsafeMutablePointer<Double>
    var deviations: UnsafeMutablePointer<Double>?
    var meanSlopes: UnsafeMutablePointer<Double>?
    var deviationSlopes: UnsafeMutablePointer<Double>?
  }

  /// Predicts at normalized inputs `x` [rows, K] (Rasmussen and Williams 2006, equations 2.25 and 2.26):
  ///
  ///     μ = k' α,  σ² = s² + n² - k' K^-1 k
  ///     ∂μ/∂x = Σ_i α_i k_i (x_i - x) / l²,  ∂σ²/∂x = -2 Σ_i (K^-1 k)_i k_i (x_i - x) / l²
  ///
  /// O(rows n (n + K)) with deviations, O(rows n K) without. Does not allocate.
  func predict(
    _ x: UnsafePointer<Double>, rows: Int, into prediction: Prediction, _ scratch: GaussianProcessScratch
  ) {
    let inputs = parameters.count - 2
    let n = weights.count
    let columns = Self.columns(inputs)
    let (signal, noise) = (exp(2 * parameters[inputs]), exp(2 * parameters[inputs + 1]))
    let (kernels, solved, sums) = (scratch.kernels.pointer, scratch.solved.pointer, scratch.sums.pointer)
    fillKernels(x, rows: rows, kernels)
    for row in 0..<rows { prediction.means[row] = DoubleBlocks.dot(kernels + row * n, weights, count: n) }
    func slopes(_ sums: UnsafePointer<Double>, into target: UnsafeMutablePointer<Double>, factor: (Int) -> Double) {
      for k in 0..<inputs {
        let inverse = exp(-2 * parameters[k])
        for row in 0..<rows {
          let sum = sums + row * columns
          target[row * inputs + k] = factor(row) * inverse * (sum[1 + k] - x[row * inputs + k] * sum[0])
        }
      }
    }
    if let target = prediction.meanSlopes {
      DoubleBlocks.multiply(
        .none, .none, m: rows, n: columns, k: n, kernels, lda: n, meanColumns, ldb: columns, sums, ldc: columns)
      slopes(sums, into: target) { _ in 1 }
    }
    guard let deviations = prediction.deviations else { return }
    DoubleBlocks.multiply(.none, .none, m: rows, n: n, k: n, kernels, lda: n, inverse, ldb: n, solved, ldc: n)
    for i in 0..<rows * n { solved[i] *= kernels[i] }
    let explained = sums + rows * columns
    DoubleBlocks.multiply(
      .none, .none, m: rows, n: columns, k: n, solved, lda: n, varianceColumns, ldb: columns, explained, ldc: columns)
    for row in 0..<rows { deviations[row] = (noise + max(signal - explained[row * columns], 0)).squareRoot() }
    if let target = prediction.deviationSlopes {
      // ∂σ = ∂σ² / 2σ; none where rounding has left less than nothing
      slopes(explained, into: target) { row in signal > explained[row * columns] ? -1 / deviations[row] : 0 }
    }
  }

  /// Means and standard deviations at normalized inputs `x` [rows, K]. Allocates.
  package func predictions(at x: [Double]) -> (means: [Double], deviations: [Double]) {
    let inputs = parameters.count - 2
    let rows = x.count / inputs
    var (means, deviations) = ([Double](repeating: 0, count: rows), [Double](repeating: 0, count: rows))
    let scratch = GaussianProcessScratch(capacity: rows, points: weights.count, inputs: inputs)
    means.withUnsafeMutableBufferPointer { means in
      deviations.withUnsafeMutableBufferPointer { deviations in
        guard let means = means.baseAddress, let deviations = deviations.baseAddress else { return }
        predict(x, rows: rows, into: Prediction(means: means, deviations: deviations), scratch)
      }
    }
    return (means, deviations)
  }

  /// k(x, x_i) of each row and point, [rows, n].
  private func fillKernels(_ x: UnsafePointer<Double>, rows: Int, _ kernels: UnsafeMutablePointer<Double>) {
    let inputs = parameters.count - 2
    let n = weights.count
    withUnsafeTemporaryAllocation(of: Double.self, capacity: inputs) { here in
      scaled.withUnsafeBufferPointer { scaled in
        guard let z = scaled.baseAddress, let here = here.baseAddress else { return }
        for row in 0..<rows {
          for k in 0..<inputs { here[k] = x[row * inputs + k] * scales[k] }
          DoubleBlocks.squaredExponentials(
            z, points: n, stride: n, here, inputs: inputs, logSignal: 2 * parameters[inputs], into: kernels + row * n)
        }
      }
    }
  }
}
