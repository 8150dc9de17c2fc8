import Foundation
import Kernels

/// Functions f_a(x) = s² Σ_i β_ai exp(-½ Σ_k (x_k - x_ik)² / Λ_ak) of one set of points, whose moments under normal inputs are
/// known: the means of Gaussian processes, or the outputs of a radial basis network.
package struct GaussianSums: Sendable {
  /// Points x_i, [n, K].
  package var points: [Double]
  /// β, [E][n].
  package var weights: [[Double]]
  /// Λ, squared lengths, [E][K].
  package var lengths: [[Double]]
  /// s², of each function, [E].
  package var amplitudes: [Double]
  /// Of each function the matrix [n, n] whose product with the expected products of kernels is taken off its variance, and
  /// what is added to it: for Gaussian processes K^-1 and s² + n²; nil and 0 for functions without uncertainty.
  package var corrections: [[Double]]?
  package var variances: [Double]

  /// Inputs, K.
  package var inputs: Int { lengths[0].count }
  /// Points, n.
  package var count: Int { weights[0].count }
  /// Functions, E.
  package var outputs: Int { weights.count }

  /// The predictions of fitted processes over points [n, K].
  package init(_ processes: [GaussianProcessOutput], points: [Double]) {
    let inputs = processes[0].parameters.count - 2
    self.points = points
    weights = processes.map(\.weights)
    lengths = processes.map { $0.parameters[0..<inputs].map { exp(2 * $0) } }
    amplitudes = processes.map { exp(2 * $0.parameters[inputs]) }
    corrections = processes.map(\.inverse)
    variances = processes.map { exp(2 * $0.parameters[inputs]) + exp(2 * $0.parameters[inputs + 1]) }
  }

  /// Functions without uncertainty: weights [E][n] of bases at `points` [n, K] with squared lengths [K] shared by all.
  package init(points: [Double], weights: [[Double]], lengths: [Double]) {
    self.points = points
    self.weights = weights
    self.lengths = Array(repeating: lengths, count: weights.count)
    amplitudes = Array(repeating: 1, count: weights.count)
    corrections = nil
    variances = Array(repeating: 0, count: weights.count)
  }
}

/// Mean and covariance of what `GaussianSums` make of a normal input, and the input's covariance with it.
package struct OutputMoments: Sendable, Equatable {
  /// [E].
  package var mean: [Double]
  /// [E, E].
  package var covariance: [Double]
  /// Cov(x, f), [K, E].
  package var cross: [Double]

  /// Zeros.
  package init(inputs: Int, outputs: Int) {
    mean = Array(repeating: 0, count: outputs)
    covariance = Array(repeating: 0, count: outputs * outputs)
    cross = Array(repeating: 0, count: inputs * outputs)
  }
}

/// Gradients of a scalar by the normal input, and where wanted by the functions, whose lengths must then be shared.
package struct InputGradients: Sendable {
  /// By the mean, [K].
  package var mean: [Double]
  /// By the covariance, [K, K], symmetric: half of what a symmetric change of both halves makes each.
  package var covariance: [Double]
  /// By points [n, K], weights [E][n] and squared lengths [K]; nil where not wanted.
  package var parameters: (points: [Double], weights: [[Double]], lengths: [Double])?
}
