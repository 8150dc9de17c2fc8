import Foundation
import Interfaces
import Kernels

/// The Kullback-Leibler divergence of trajectory distributions from one of a reference controller in the same dynamics.
///
/// Dynamics and start cancel, so KL(p ‖ q) = Σ_t E_{p(x_t)} KL(p(u | x_t) ‖ q(u | x_t)), and with x ~ N(m, S) a term is
///
///     (tr(C̄⁻¹C) - dim(u) + log|C̄| - log|C| + δᵀC̄⁻¹δ + tr(ΔᵀC̄⁻¹Δ S)) / 2,   Δ = K - K̄, δ = Δ m + k - k̄
///
/// (Levine and Abbeel 2014, appendix A). The reference's precisions and determinants are kept.
public struct ControllerDivergence: Sendable {
  /// q.
  public let reference: TimedLinearGaussian
  /// C̄⁻¹, [T, m, m].
  public let precisions: [Double]
  private let logDeterminants: [Double]

  /// For divergences from `reference`; nil if one of its covariances is not positive definite.
  public init?(from reference: TimedLinearGaussian) {
    self.reference = reference
    let m = reference.outputSize
    var (precisions, determinants) = ([Double](), [Double]())
    precisions.reserveCapacity(reference.count * m * m)
    for t in 0..<reference.count {
      let covariance = DoubleMatrix(
        rows: m, columns: m, Array(reference.covariances[t * m * m..<(t + 1) * m * m]))
      guard let factor = try? covariance.cholesky(), let inverse = try? covariance.solvePositiveDefinite(.identity(m))
      else { return nil }
      precisions.append(contentsOf: inverse.elements)
      determinants.append((0..<m).reduce(0) { $0 + 2 * log(factor[$1, $1]) })
    }
    self.precisions = precisions
    logDeterminants = determinants
  }

  /// The term of every step, [T], for `controller` whose trajectory is `distribution`; infinite where the controller's
  /// covariance is not positive definite or a number is not finite.
  public func terms(of controller: TimedLinearGaussian, along distribution: TrajectoryDistribution) -> [Double] {
    let (count, n, m, d) = (reference.count, reference.inputSize, reference.outputSize, distribution.width)
    precondition(
      controller.count == count && controller.inputSize == n && controller.outputSize == m
        && distribution.horizon == count && d == n + m, "controllers of different shapes")
    var (gain, shift) = ([Double](repeating: 0, count: m * n), [Double](repeating: 0, count: m))
    return (0..<count).map { t in
      let covariance = DoubleMatrix(
        rows: m, columns: m, Array(controller.covariances[t * m * m..<(t + 1) * m * m]))
      guard let factor = try? covariance.cholesky() else { return .infinity }
      var sum = logDeterminants[t] - Double(m)
      for i in 0..<m {
        sum -= 2 * log(factor[i, i])
        shift[i] = controller.offsets[t * m + i] - reference.offsets[t * m + i]
        for j in 0..<n {
          let difference =
            controller.matrices[(t * m + i) * n + j] - reference.matrices[(t * m + i) * n + j]
          gain[i * n + j] = difference
          shift[i] += difference * distribution.means[t * d + j]
        }
      }
      for i in 0..<m {
        for j in 0..<m {
          let precision = precisions[(t * m + i) * m + j]
          sum += precision * (covariance[j, i] + shift[i] * shift[j])
          // (Δ S Δᵀ)_ji
          var spread = 0.0
          for a in 0..<n {
            var inner = 0.0
            for b in 0..<n { inner += distribution.covariances[(t * d + a) * d + b] * gain[i * n + b] }
            spread += gain[j * n + a] * inner
          }
          sum += precision * spread
        }
      }
      // rounding of what should be zero
      return sum.isFinite ? max(sum / 2, 0) : .infinity
    }
  }

  /// Adds `weight`_t times -log q(u | x), without its constant, to the rows 0..<T of expansions about zero:
  /// Hessians P on (u, u), -P K̄ on (u, x), K̄ᵀP K̄ on (x, x), gradients -P k̄ and K̄ᵀP k̄, P = C̄⁻¹.
  public func add(to costs: inout QuadraticCosts, weights: [Double]) {
    let (n, m) = (reference.inputSize, reference.outputSize)
    precondition(
      weights.count == reference.count && costs.count == reference.count + 1 && costs.tangentSize == n
        && costs.actionSize == m, "weights or costs of another shape")
    costs.withUnsafePointers { costs in
      for t in 0..<reference.count where weights[t] != 0 {
        let weight = weights[t]
        for i in 0..<m {
          for j in 0..<m {
            let precision = weight * precisions[(t * m + i) * m + j]
            let offset = reference.offsets[t * m + j]
            costs.actionHessians[(t * m + i) * m + j] += precision
            costs.actionGradients[t * m + i] -= precision * offset
            for a in 0..<n {
              let gain = reference.matrices[(t * m + j) * n + a]
              costs.crossHessians[(t * m + i) * n + a] -= precision * gain
              let own = precision * reference.matrices[(t * m + i) * n + a]
              costs.stateGradients[t * n + a] += own * offset
              for b in 0..<n {
                costs.stateHessians[(t * n + a) * n + b] += own * reference.matrices[(t * m + j) * n + b]
              }
            }
          }
        }
      }
    }
  }
}
