import Kernels

/// What a policy descends, row by row: a loss that depends on the new log p(a), on its ratio to the old, and on the
/// advantage.
package protocol PolicyObjective: Sendable {
  /// Writes the loss's slope by log p [N] for `count` rows; returns the sum of the losses and how many rows were
  /// clipped.
  func evaluate(
    count: Int, logProbabilities: UnsafePointer<Float>, ratios: UnsafePointer<Float>,
    advantages: UnsafePointer<Float>, slopes: UnsafeMutablePointer<Float>
  ) -> (loss: Float, clipped: Float)
}

/// -A log p(a): the policy gradient itself (Williams 1992; Sutton et al. 2000).
package struct ScoreFunction: PolicyObjective {
  package init() {}

  package func evaluate(
    count: Int, logProbabilities: UnsafePointer<Float>, ratios: UnsafePointer<Float>,
    advantages: UnsafePointer<Float>, slopes: UnsafeMutablePointer<Float>
  ) -> (loss: Float, clipped: Float) {
    var loss: Float = 0
    for r in 0..<count {
      loss -= advantages[r] * logProbabilities[r]
      slopes[r] = -advantages[r]
    }
    return (loss, 0)
  }
}

/// -A p(a) / p_old(a): the surrogate, unbiased for the improvement at the old policy's states (Kakade and Langford
/// 2002; Schulman et al. 2015, equation 13).
package struct ImportanceSampledSurrogate: PolicyObjective {
  package init() {}

  package func evaluate(
    count: Int, logProbabilities: UnsafePointer<Float>, ratios: UnsafePointer<Float>,
    advantages: UnsafePointer<Float>, slopes: UnsafeMutablePointer<Float>
  ) -> (loss: Float, clipped: Float) {
    var loss: Float = 0
    for r in 0..<count {
      slopes[r] = -advantages[r] * ratios[r]
      loss += slopes[r]
    }
    return (loss, 0)
  }
}
