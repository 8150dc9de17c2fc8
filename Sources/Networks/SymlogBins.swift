import Kernels

/// Numbers as categorical distributions over bins that lie evenly in symlog space, symlog(x) = sign(x) ln(1 + |x|)
/// (Hafner et al. 2023, DreamerV3; with soft two-hot targets as in TD-MPC2).
///
/// A row of logits stands for symexp(sum_i p_i b_i), p being their softmax and b_i the bins.
package struct SymlogBins: Sendable {
  /// Number of bins, 2...255.
  package let count: Int
  /// The outermost bins, in symlog space.
  package let low: Float
  package let high: Float
  private let bins: Vector

  package init(count: Int, low: Float, high: Float) {
    precondition((2...255).contains(count) && low < high, "\(count) bins from \(low) to \(high)")
    (self.count, self.low, self.high) = (count, low, high)
    bins = Vector((0..<count).map { low + (high - low) * Float($0) / Float(count - 1) })
  }

  /// sign(x) ln(1 + |x|).
  package static func symlog(_ x: Float) -> Float { x < 0 ? -Scalar.log1p(-x) : Scalar.log1p(x) }

  /// Its inverse, sign(x) (e^|x| - 1).
  package static func symexp(_ x: Float) -> Float { x < 0 ? 1 - Scalar.exp(-x) : Scalar.exp(x) - 1 }

  /// The numbers that `logits` [rows, count] stand for, into `values` [rows].
  package func values(_ logits: UnsafePointer<Float>, rows: Int, into values: UnsafeMutablePointer<Float>) {
    // at most 1,024 bytes: on the stack
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 256) { buffer in
      guard let e = buffer.baseAddress else { return }
      for r in 0..<rows { values[r] = SymlogBins.symexp(expectation(logits + r * count, e).mean) }
    }
  }

  /// Overwrites `logits` [rows, count] by the gradient of sum_r scales[r] values[r].
  package func backward(_ logits: UnsafeMutablePointer<Float>, scales: UnsafePointer<Float>, rows: Int) {
    for r in 0..<rows {
      let row = logits + r * count
      let (mean, sum) = expectation(row, row)
      // d symexp(m)/dm = e^|m|, dm/dl_i = p_i (b_i - m)
      let factor = scales[r] * Scalar.exp(mean.magnitude) / sum
      for i in 0..<count { row[i] *= factor * (bins.pointer[i] - mean) }
    }
  }

  /// Mean bin, and the sum of the exponentials left in `e`.
  @inline(__always)
  private func expectation(
    _ row: UnsafePointer<Float>, _ e: UnsafeMutablePointer<Float>
  ) -> (mean: Float, sum: Float) {
    let (sum, _) = Softmax.exponentials(row, count: count, into: e)
    return (Reductions.dot(e, bins.pointer, count: count) / sum, sum)
  }

  /// Cross-entropy of `logits` [rows, count] with the soft two-hot codes of `targets` [rows], summed over the rows;
  /// overwrites the logits by `scale` times its gradient.
  package func crossEntropy(
    _ logits: UnsafeMutablePointer<Float>, targets: UnsafePointer<Float>, rows: Int, scale: Float
  ) -> Double {
    var loss = 0.0
    for r in 0..<rows {
      let row = logits + r * count
      let place = (min(max(SymlogBins.symlog(targets[r]), low), high) - low) / (high - low) * Float(count - 1)
      // a target that is not a number has no place: the loss says so
      let index = place >= 0 ? min(Int(place), count - 2) : 0
      let upper = place - Float(index)
      let chosen = (1 - upper) * row[index] + upper * row[index + 1]
      let (sum, top) = Softmax.exponentials(row, count: count, into: row)
      loss += Double(top + Scalar.log(sum) - chosen)
      Elementwise.scale(row, count: count, by: scale / sum)
      row[index] -= scale * (1 - upper)
      row[index + 1] -= scale * upper
    }
    return loss
  }
}
