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

  /// Elements that `sample` takes at a time: three blocks of them fit where no heap is needed.
  private static let chunk = 64

  /// Actions [rows, A] and log-probabilities [rows] for network rows [rows, 2 A] and standard normal `noise` [rows, A].
  package static func sample(
    _ outputs: UnsafePointer<Float>, noise: UnsafePointer<Float>, rows: Int, size: Int,
    actions: UnsafeMutablePointer<Float>, logProbabilities: UnsafeMutablePointer<Float>
  ) {
    logProbabilities.update(repeating: 0, count: rows)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 3 * chunk) { block in
      guard let means = block.baseAddress else { return }
      let (deviations, terms) = (means + chunk, means + 2 * chunk)
      var (row, column) = (0, 0)
      for first in stride(from: 0, to: rows * size, by: chunk) {
        let count = min(chunk, rows * size - first)
        // Rows are a few floats wide: only without gaps between them do the loops over functions vectorize.
        var (r, c) = (row, column)
        for i in 0..<count {
          means[i] = outputs[r * 2 * size + c]
          deviations[i] = outputs[r * 2 * size + size + c]
          advance(&r, &c, size)
        }
        score(
          means, deviations, noise: noise + first, count: count, actions: actions + first, terms: terms)
        for i in 0..<count {
          logProbabilities[row] += terms[i]
          advance(&row, &column, size)
        }
      }
    }
  }

  @inline(__always)
  private static func advance(_ row: inout Int, _ column: inout Int, _ size: Int) {
    column += 1
    if column == size { (row, column) = (row + 1, 0) }
  }

  /// Actions and terms of the log-probability of `count` components.
  private static func score(
    _ means: UnsafePointer<Float>, _ logDeviations: UnsafePointer<Float>, noise: UnsafePointer<Float>, count: Int,
    actions: UnsafeMutablePointer<Float>, terms: UnsafeMutablePointer<Float>
  ) {
    let (lowest, highest) = (logStdRange.lowerBound, logStdRange.upperBound)
    for i in 0..<count {
      let raw = logDeviations[i]
      let logStd = raw < lowest ? lowest : raw > highest ? highest : raw
      let e = noise[i]
      let u = means[i] + Scalar.exp(logStd) * e
      terms[i] = -0.5 * e * e - logStd - halfLogTwoPi - 2 * (logTwo - u - Scalar.softplus(-2 * u))
      actions[i] = u
    }
    for i in 0..<count { actions[i] = Scalar.tanh(actions[i]) }
  }

  /// Action [A] of one network row [2 A], by noise from `stream`; the mode without.
  package static func act(
    _ output: UnsafePointer<Float>, size: Int, using stream: UnsafeMutablePointer<RandomStream>?,
    action: UnsafeMutablePointer<Float>
  ) {
    for c in 0..<size {
      let logStd = min(max(output[size + c], logStdRange.lowerBound), logStdRange.upperBound)
      action[c] = Scalar.tanh(output[c] + (stream.map { Scalar.exp(logStd) * $0.pointee.normal() } ?? 0))
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
  /// respect to the sampled `actions` [rows, A] and to the log-probabilities [rows].
  package static func backward(
    _ outputs: UnsafePointer<Float>, noise: UnsafePointer<Float>, actions: UnsafePointer<Float>,
    actionGradient: UnsafePointer<Float>, logProbabilityGradients weights: UnsafePointer<Float>, rows: Int, size: Int,
    gradient: UnsafeMutablePointer<Float>
  ) {
    let (lowest, highest) = (logStdRange.lowerBound, logStdRange.upperBound)
    for r in 0..<rows {
      let weight = weights[r]
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

  /// Log-probabilities [rows] under `other` network rows [rows, 2 A] of the actions that `outputs` and `noise` give as in
  /// `sample`, and, where asked for, their slopes by u = atanh(action) [rows, A].
  package static func compare(
    _ outputs: UnsafePointer<Float>, noise: UnsafePointer<Float>, with other: UnsafePointer<Float>, rows: Int,
    size: Int,
    logProbabilities: UnsafeMutablePointer<Float>, slopes: UnsafeMutablePointer<Float>?
  ) {
    let (lowest, highest) = (logStdRange.lowerBound, logStdRange.upperBound)
    for r in 0..<rows {
      let (own, prior) = (outputs + r * 2 * size, other + r * 2 * size)
      var sum: Float = 0
      for c in 0..<size {
        let u = own[c] + Scalar.exp(min(max(own[size + c], lowest), highest)) * noise[r * size + c]
        let logStd = min(max(prior[size + c], lowest), highest)
        let precision = Scalar.exp(-logStd)
        let z = (u - prior[c]) * precision
        sum += -0.5 * z * z - logStd - halfLogTwoPi - 2 * (logTwo - u - Scalar.softplus(-2 * u))
        // d/du of -z^2/2 - log(1 - tanh(u)^2)
        if let slopes { slopes[r * size + c] = -z * precision + 2 * Scalar.tanh(u) }
      }
      logProbabilities[r] = sum
    }
  }

  /// Adds `scale` times the gradient by the network rows [rows, 2 A] that goes through u = mean + exp(logStd) * noise,
  /// given slopes by u [rows, A].
  package static func addBackward(
    _ outputs: UnsafePointer<Float>, noise: UnsafePointer<Float>, slopes: UnsafePointer<Float>, scale: Float, rows: Int,
    size: Int, gradient: UnsafeMutablePointer<Float>
  ) {
    for r in 0..<rows {
      let (raw, result) = (outputs + r * 2 * size + size, gradient + r * 2 * size)
      for c in 0..<size {
        let du = scale * slopes[r * size + c]
        result[c] += du
        if logStdRange.contains(raw[c]) { result[size + c] += du * Scalar.exp(raw[c]) * noise[r * size + c] }
      }
    }
  }
}
