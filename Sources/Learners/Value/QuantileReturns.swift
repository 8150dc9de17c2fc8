import Kernels

/// Distributions of returns by `count` quantiles theta_i at the levels tau_i = (i + 1/2) / N (QR-DQN, Dabney et al.
/// 2018).
package struct QuantileReturns: Sendable {
  package let count: Int
  /// Error beyond which the loss is linear, kappa.
  package let errorLimit: Float

  package init(count: Int, errorLimit: Float) {
    precondition(count > 0 && errorLimit > 0, "\(count) quantiles, error limit \(errorLimit)")
    (self.count, self.errorLimit) = (count, errorLimit)
  }

  /// Expected value of `quantiles` [N].
  package func mean(_ quantiles: UnsafePointer<Float>) -> Float {
    var sum: Float = 0
    for i in 0..<count { sum += quantiles[i] }
    return sum / Float(count)
  }

  /// Quantile Huber loss (paper, equation 10): sum over i of the mean over j of |tau_i - 1{u < 0}| L(u) / kappa,
  /// u = target_j - theta_i, L being Huber's loss. Overwrites `quantiles` [N] by its gradient. O(N^2).
  package func regress(_ quantiles: UnsafeMutablePointer<Float>, to target: UnsafePointer<Float>) -> Float {
    let (limit, share) = (errorLimit, 1 / (Float(count) * errorLimit))
    var loss: Float = 0
    for i in 0..<count {
      let (theta, level) = (quantiles[i], (Float(i) + 0.5) / Float(count))
      var (sum, slope) = (Float(0), Float(0))
      for j in 0..<count {
        let u = target[j] - theta
        let weight = u < 0 ? 1 - level : level
        let clipped = min(max(u, -limit), limit)
        // Huber's loss: c (u - c / 2) with u clipped to c
        sum += weight * (clipped * (u - 0.5 * clipped))
        slope -= weight * clipped
      }
      loss += sum * share
      quantiles[i] = slope * share
    }
    return loss
  }
}
