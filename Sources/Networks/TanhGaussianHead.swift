import Kernels

/// Squashed Gaussian policy over A actions in (-1, 1): a = tanh(u), u = mean + exp(logStd) * noise (Haarnoja et al. 2018).
///
/// A network row is [mean A, log standard deviation A], the latter clamped to `logStdRange`. The log-probability uses
/// log(1 - tanh(u)^2) = 2 (log 2 - u - softplus(-2 u)), which neither overflows nor cancels.
package enum TanhGaussianHead {
  /// Clamp of the log standard deviation.
  package static let logStdRange: ClosedRange<Float> = -20...2
  private static var halfLogTwoPi: Float { 0.918_938_533 }
  private static var logTwo: Float { 0.693_147_181 }

  /// Actions [rows, A] and log-probabilities [rows] for network rows [rows, 2 A] and standard normal `noise` [rows, A].
  package static func sample(
    _ outputs: UnsafePointer<Float>, noise: UnsafePointer<Float>, rows: Int, size: Int,
    actions: UnsafeMutablePointer<Float>, logProbabilities: UnsafeMutablePointer<Float>
  ) {
    let (lowest, highest) = (logStdRange.lowerBound, logStdRange.upperBound)
    for r in 0..<rows {
      let mean = outputs + r * 2 * size
      var sum: Float = 0
      for c in 0..<size {
        let raw = mean[size + c]
        let logStd = raw < lowest ? lowest : raw > highest ? highest : raw
        let e = noise[r * size + c]
        let u = mean[c] + Scalar.exp(logStd) * e
        actions[r * size + c] = Scalar.tanh(u)
        sum += -0.5 * e * e - logStd - halfLogTwoPi - 2 * (logTwo - u - Scalar.softplus(-2 * u))
      }
      logProbabilities[r] = sum
    }
  }

  /// The actions of `sample` alone.
  package static func draw(
    _ outputs: UnsafePointer<Float>, noise: UnsafePointer<Float>, rows: Int, size: Int,
    actions: UnsafeMutablePointer<Float>
  ) {
    let (lowest, highest) = (logStdRange.lowerBound, logStdRange.upperBound)
    for r in 0..<rows {
      let mean = outputs + r * 2 * size
      for c in 0..<size {
        let raw = mean[size + c]
        let logStd = raw < lowest ? lowest : raw > highest ? highest : raw
        actions[r * size + c] = Scalar.tanh(mean[c] + Scalar.exp(logStd) * noise[r * size + c])
      }
    }
  }

  /// Modes tanh(mean) [rows, A].
  package static func mode(
    _ outputs: UnsafePointer<Float>, rows: Int, size: Int, actions: UnsafeMutablePointer<Float>
  ) {
    for r in 0..<rows {
      for c in 0..<size { actions[r * size + c] = Scalar.tanh(outputs[r * 2 * size + c]) }
    }
  }

  /// Gradient of a loss with respect to the network rows (written to `gradient` [rows, 2 A]), given its gradients with
  /// respect to the sampled `actions` [rows, A] and, the same for all rows, to the log-probability.
  package static func backward(
    _ outputs: UnsafePointer<Float>, noise: UnsafePointer<Float>, actions: UnsafePointer<Float>,
    actionGradient: UnsafePointer<Float>, logProbabilityGradient weight: Float, rows: Int, size: Int,
    gradient: UnsafeMutablePointer<Float>
  ) {
    let (lowest, highest) = (logStdRange.lowerBound, logStdRange.upperBound)
    for r in 0..<rows {
      let raw = outputs + r * 2 * size + size
      let result = gradient + r * 2 * size
      for c in 0..<size {
        let i = r * size + c
        let logStd = raw[c] < lowest ? lowest : raw[c] > highest ? highest : raw[c]
        let inside: Float = raw[c] >= lowest && raw[c] <= highest ? 1 : 0
        // d log pi / du = 2 tanh(u) at fixed noise
        let du = actionGradient[i] * (1 - actions[i] * actions[i]) + weight * 2 * actions[i]
        result[c] = du
        result[size + c] = inside * (du * Scalar.exp(logStd) * noise[i] - weight)
      }
    }
  }
}
