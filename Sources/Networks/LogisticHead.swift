import Kernels

/// Probability of an event as the logistic function of one network output z, its log-odds.
package enum LogisticHead {
  /// Negative log-likelihood of `events` [rows], each 0 or 1, summed over the rows: softplus(z) - y z. Overwrites the
  /// outputs [rows] by its gradient times `scale`. Returns the loss without that factor.
  package static func lossAndGradient(
    _ outputs: UnsafeMutablePointer<Float>, events: UnsafePointer<Float>, rows: Int, scale: Float
  ) -> Float {
    var total: Float = 0
    for r in 0..<rows {
      let (z, y) = (outputs[r], events[r])
      total += Scalar.softplus(z) - y * z
      outputs[r] = scale * (Scalar.sigmoid(z) - y)
    }
    return total
  }
}
