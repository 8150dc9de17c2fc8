import Kernels

/// Diagonal Gaussian over D outputs with softly bounded log-variance, as in PETS (Chua et al. 2018, appendix A.1).
///
/// A network row is [mean D, raw log-variance D]; with bounds `maximum` and `minimum` [D] (learned),
/// l' = max - softplus(max - raw), l = min + softplus(l' - min).
package enum GaussianHead {
  /// Bounded log-variance of one component.
  @inline(__always)
  static func logVariance(_ raw: Float, maximum: Float, minimum: Float) -> Float {
    let upper = maximum - Scalar.softplus(maximum - raw)
    return minimum + Scalar.softplus(upper - minimum)
  }

  /// Overwrites the second half of each network row by the standard deviation.
  package static func standardDeviations(
    _ outputs: UnsafeMutablePointer<Float>, rows: Int, size: Int, maximum: UnsafePointer<Float>,
    minimum: UnsafePointer<Float>
  ) {
    for r in 0..<rows {
      let raw = outputs + r * 2 * size + size
      for c in 0..<size {
        raw[c] = Scalar.exp(0.5 * logVariance(raw[c], maximum: maximum[c], minimum: minimum[c]))
      }
    }
  }

  /// Negative log-likelihood of `targets` [rows, D], doubled and without its constant, summed over rows and components.
  /// With l the bounded log-variance, the loss of a component is (mean - y)^2 exp(-l) + l. Overwrites `outputs` [rows, 2 D]
  /// by the gradient of `scale` times the sum of the losses and adds that of the bounds [D] to `maximumGradient` and
  /// `minimumGradient`. `losses` [2 D] is scratch. Returns the sums of losses and of squared errors, without `scale`.
  package static func lossAndGradient(
    _ outputs: UnsafeMutablePointer<Float>, targets: UnsafePointer<Float>, rows: Int, size: Int,
    maximum: UnsafePointer<Float>, minimum: UnsafePointer<Float>, scale: Float,
    maximumGradient: UnsafeMutablePointer<Float>, minimumGradient: UnsafeMutablePointer<Float>,
    losses: UnsafeMutablePointer<Float>
  ) -> (loss: Float, squaredError: Float) {
    var total: Float = 0
    var squared: Float = 0
    losses.update(repeating: 0, count: 2 * size)
    for r in 0..<rows {
      let mean = outputs + r * 2 * size
      let raw = mean + size
      let target = targets + r * size
      for c in 0..<size {
        let above = maximum[c] - raw[c]
        let upper = maximum[c] - Scalar.softplus(above)
        let over = upper - minimum[c]
        let logVariance = minimum[c] + Scalar.softplus(over)
        let precision = Scalar.exp(-logVariance)
        let error = mean[c] - target[c]
        let weighted = error * error * precision
        losses[c] += weighted + logVariance
        losses[size + c] += error * error
        let slope = scale * (1 - weighted)
        let lower = Scalar.sigmoid(over)
        let inner = Scalar.sigmoid(above)
        mean[c] = scale * 2 * error * precision
        raw[c] = slope * lower * inner
        maximumGradient[c] += slope * lower * (1 - inner)
        minimumGradient[c] += slope * (1 - lower)
      }
    }
    for c in 0..<size {
      total += losses[c]
      squared += losses[size + c]
    }
    return (total, squared)
  }
}
