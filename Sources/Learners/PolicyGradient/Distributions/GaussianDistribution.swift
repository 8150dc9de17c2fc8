import Kernels

/// Independent normal components. The network row is their means [A]; the logarithms of their standard deviations are
/// shared by all states [A], or follow the means in the row, [2 A], where they are limited to -20...2.
package struct GaussianDistribution: ActionDistribution {
  package let actionSize: Int
  /// Bounds of the environment's actions, within which draws are put for it.
  private let (low, high): ([Float], [Float])
  package let spread: PolicySettings.Spread
  /// First log standard deviation; where states have their own, added to the network's.
  package let initialLogStd: Float
  /// Limits of log standard deviations that come from the network.
  package static let logStdRange: ClosedRange<Float> = -20...2
  private static var halfLogTwoPi: Float { 0.918_938_533 }

  package init(low: [Float], high: [Float], spread: PolicySettings.Spread, initialLogStd: Float) {
    precondition(!low.isEmpty && low.count == high.count, "bounds of \(low.count) and \(high.count) components")
    actionSize = low.count
    (self.low, self.high) = (low, high)
    self.spread = spread
    self.initialLogStd = initialLogStd
  }

  package var outputs: Int { spread == .shared ? actionSize : 2 * actionSize }
  package var sharedCount: Int { spread == .shared ? actionSize : 0 }
  package var hasEntropy: Bool { true }

  package func initialize(shared: UnsafeMutablePointer<Float>) {
    shared.update(repeating: initialLogStd, count: sharedCount)
  }

  /// Log standard deviation of component `c` of a row, and whether it moves with its parameter.
  @inline(__always)
  private func logStd(
    _ row: UnsafePointer<Float>, _ shared: UnsafePointer<Float>, _ c: Int
  ) -> (value: Float, slope: Float) {
    guard spread == .state else { return (shared[c], 1) }
    let raw = row[actionSize + c] + initialLogStd
    let range = GaussianDistribution.logStdRange
    return raw < range.lowerBound ? (range.lowerBound, 0) : raw > range.upperBound ? (range.upperBound, 0) : (raw, 1)
  }

  /// Where the gradient by a row's log standard deviations goes.
  @inline(__always)
  private func addLogStdGradient(
    _ value: Float, _ row: UnsafeMutablePointer<Float>, _ shared: UnsafeMutablePointer<Float>, _ c: Int
  ) {
    if spread == .shared { shared[c] += value } else { row[actionSize + c] += value }
  }

  package func sample(
    _ row: UnsafePointer<Float>, shared: UnsafePointer<Float>, using random: inout RandomStream,
    action: UnsafeMutablePointer<Float>
  ) {
    for c in 0..<actionSize { action[c] = row[c] + Scalar.exp(logStd(row, shared, c).value) * random.normal() }
  }

  package func mode(_ row: UnsafePointer<Float>, action: UnsafeMutablePointer<Float>) {
    action.update(from: row, count: actionSize)
  }

  package func writeAction(_ raw: UnsafePointer<Float>, into action: UnsafeMutablePointer<Float>) {
    for c in 0..<actionSize {
      // NaN stays NaN
      let above = raw[c] < low[c] ? low[c] : raw[c]
      action[c] = above > high[c] ? high[c] : above
    }
  }

  /// Calls `body` for each row and component with the log standard deviation, whether it moves with its parameter, and
  /// its exponential's inverse: component after component, so that shared ones are computed once.
  @inline(__always)
  private func forEachComponent(
    _ rows: DistributionRows,
    _ body: (_ row: Int, _ component: Int, _ logStd: Float, _ moves: Float, _ precision: Float) -> Void
  ) {
    for c in 0..<actionSize {
      if spread == .shared {
        let (value, precision) = (rows.shared[c], Scalar.exp(-rows.shared[c]))
        for r in 0..<rows.count { body(r, c, value, 1, precision) }
      } else {
        for r in 0..<rows.count {
          let (value, moves) = logStd(rows.outputs + r * outputs, rows.shared, c)
          body(r, c, value, moves, Scalar.exp(-value))
        }
      }
    }
  }

  package func logProbabilities(
    _ rows: DistributionRows, actions: UnsafePointer<Float>, into result: UnsafeMutablePointer<Float>
  ) {
    let (means, width, size) = (rows.outputs, outputs, actionSize)
    result.update(repeating: 0, count: rows.count)
    forEachComponent(rows) { r, c, logStd, _, precision in
      let z = (actions[r * size + c] - means[r * width + c]) * precision
      result[r] -= 0.5 * z * z + logStd + GaussianDistribution.halfLogTwoPi
    }
  }

  package func entropies(_ rows: DistributionRows, into result: UnsafeMutablePointer<Float>) {
    result.update(repeating: (0.5 + GaussianDistribution.halfLogTwoPi) * Float(actionSize), count: rows.count)
    forEachComponent(rows) { r, _, logStd, _, _ in result[r] += logStd }
  }

  package func backward(
    _ rows: DistributionRows, actions: UnsafePointer<Float>, slopes: UnsafePointer<Float>, entropySlope: Float,
    gradient: UnsafeMutablePointer<Float>, sharedGradient: UnsafeMutablePointer<Float>
  ) {
    let (means, width, size, isShared) = (rows.outputs, outputs, actionSize, spread == .shared)
    forEachComponent(rows) { r, c, _, moves, precision in
      let z = (actions[r * size + c] - means[r * width + c]) * precision
      // d log p / d mean = z / std, d log p / d log std = z^2 - 1, dH / d log std = 1
      gradient[r * width + c] = slopes[r] * z * precision
      let turned = moves * (slopes[r] * (z * z - 1) + entropySlope)
      if isShared { sharedGradient[c] += turned } else { gradient[r * width + size + c] = turned }
    }
  }

  package func divergences(
    from old: DistributionRows, to new: DistributionRows, into result: UnsafeMutablePointer<Float>
  ) {
    for r in 0..<new.count {
      let (before, after) = (old.outputs + r * outputs, new.outputs + r * outputs)
      var sum: Float = 0
      for c in 0..<actionSize {
        let (s0, s1) = (logStd(before, old.shared, c).value, logStd(after, new.shared, c).value)
        let (ratio, z) = (Scalar.exp(s0 - s1), (before[c] - after[c]) * Scalar.exp(-s1))
        sum += s1 - s0 + 0.5 * (ratio * ratio + z * z - 1)
      }
      result[r] = sum
    }
  }

  package func addDivergenceGradient(
    from old: DistributionRows, to new: DistributionRows, scale: Float, gradient: UnsafeMutablePointer<Float>,
    sharedGradient: UnsafeMutablePointer<Float>
  ) {
    for r in 0..<new.count {
      let (before, after, out) = (old.outputs + r * outputs, new.outputs + r * outputs, gradient + r * outputs)
      for c in 0..<actionSize {
        let s0 = logStd(before, old.shared, c).value
        let (s1, moves) = logStd(after, new.shared, c)
        let precision = Scalar.exp(-s1)
        let (ratio, z) = (Scalar.exp(s0 - s1), (before[c] - after[c]) * precision)
        out[c] -= scale * z * precision
        addLogStdGradient(moves * scale * (1 - ratio * ratio - z * z), out, sharedGradient, c)
      }
    }
  }

  package func multiplyByFisher(
    _ rows: DistributionRows, tangent: UnsafePointer<Float>, sharedTangent: UnsafePointer<Float>,
    product: UnsafeMutablePointer<Float>, sharedProduct: UnsafeMutablePointer<Float>
  ) {
    for r in 0..<rows.count {
      let (row, direction, out) = (rows.outputs + r * outputs, tangent + r * outputs, product + r * outputs)
      out.update(repeating: 0, count: outputs)
      for c in 0..<actionSize {
        let (logStd, moves) = logStd(row, rows.shared, c)
        let precision = Scalar.exp(-logStd)
        // diag(1 / variance, 2)
        out[c] = precision * precision * direction[c]
        let turned = spread == .shared ? sharedTangent[c] : direction[actionSize + c]
        addLogStdGradient(moves * 2 * turned, out, sharedProduct, c)
      }
    }
  }
}
