import Kernels

/// Batch renormalization (Ioffe 2017) of one layer's C features: y = gain * ((x - mean) / deviation * r + d) + shift with the
/// batch's mean and deviation. r = deviation / running deviation and d = (mean - running mean) / running deviation,
/// bounded and taken as constants by gradients, make it what the running averages would give; before they count, r = 1
/// and d = 0, which is batch normalization (Ioffe and Szegedy 2015).
package enum BatchRenormalization {
  /// Added to variances.
  package static let epsilon: Float = 1e-3
  /// Largest r, and 1 over the smallest.
  static let largestScale: Float = 3
  /// Largest |d|.
  static let largestShift: Float = 5

  /// What one pass keeps for its backward pass: the normalized values [rows, C], then deviations^-1, r and d [C] each.
  struct Kept {
    let normalized: UnsafeMutablePointer<Float>
    let inverse: UnsafeMutablePointer<Float>
    let scale: UnsafeMutablePointer<Float>
    let shift: UnsafeMutablePointer<Float>
  }

  /// Writes y [rows, C] of `x` [rows, C] and moves the running `mean` and `variance` [C] by the share 1 - `momentum`.
  static func forward(
    _ x: UnsafePointer<Float>, gain: UnsafePointer<Float>, shift: UnsafePointer<Float>, rows: Int, columns: Int,
    mean: UnsafeMutablePointer<Float>, variance: UnsafeMutablePointer<Float>, momentum: Float, renormalizes: Bool,
    _ kept: Kept, into y: UnsafeMutablePointer<Float>
  ) {
    let share = 1 / Float(rows)
    // mean, then variance, in the places of r and 1 / deviation
    let (center, spread) = (kept.scale, kept.inverse)
    Reductions.columnSums(x, rows: rows, columns: columns, into: center, accumulate: false)
    for c in 0..<columns { center[c] *= share }
    spread.update(repeating: 0, count: columns)
    for r in 0..<rows {
      let (row, normalized) = (x + r * columns, kept.normalized + r * columns)
      for c in 0..<columns {
        normalized[c] = row[c] - center[c]
        spread[c] += normalized[c] * normalized[c]
      }
    }
    for c in 0..<columns {
      let (average, square) = (center[c], spread[c] * share)
      let deviation = (square + epsilon).squareRoot()
      let running = (variance[c] + epsilon).squareRoot()
      spread[c] = 1 / deviation
      if renormalizes {
        kept.scale[c] = min(max(deviation / running, 1 / largestScale), largestScale)
        kept.shift[c] = min(max((average - mean[c]) / running, -largestShift), largestShift)
      } else {
        kept.scale[c] = 1
        kept.shift[c] = 0
      }
      mean[c] += (1 - momentum) * (average - mean[c])
      variance[c] += (1 - momentum) * (square - variance[c])
    }
    for r in 0..<rows {
      let (normalized, row) = (kept.normalized + r * columns, y + r * columns)
      for c in 0..<columns {
        normalized[c] *= kept.inverse[c]
        row[c] = gain[c] * (normalized[c] * kept.scale[c] + kept.shift[c]) + shift[c]
      }
    }
  }

  /// Turns the gradient of y [rows, C] into that of x, in place, and writes those of gain and shift [C].
  static func backward(
    _ gradient: UnsafeMutablePointer<Float>, gain: UnsafePointer<Float>, rows: Int, columns: Int, _ kept: Kept,
    gainGradient: UnsafeMutablePointer<Float>, shiftGradient: UnsafeMutablePointer<Float>
  ) {
    Reductions.columnSums(gradient, rows: rows, columns: columns, into: shiftGradient, accumulate: false)
    // sums of dy * normalized values
    gainGradient.update(repeating: 0, count: columns)
    for r in 0..<rows {
      let (row, normalized) = (gradient + r * columns, kept.normalized + r * columns)
      for c in 0..<columns { gainGradient[c] += row[c] * normalized[c] }
    }
    // dx = gain * r / deviation * (dy - mean of dy - normalized * mean of dy * normalized)
    let share = 1 / Float(rows)
    for r in 0..<rows {
      let (row, normalized) = (gradient + r * columns, kept.normalized + r * columns)
      for c in 0..<columns {
        let slope = gain[c] * kept.scale[c] * kept.inverse[c]
        row[c] = slope * (row[c] - share * (shiftGradient[c] + normalized[c] * gainGradient[c]))
      }
    }
    for c in 0..<columns {
      gainGradient[c] = gainGradient[c] * kept.scale[c] + shiftGradient[c] * kept.shift[c]
    }
  }
}
