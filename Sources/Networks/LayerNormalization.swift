import Kernels

/// Layer normalization (Ba, Kiros and Hinton 2016): y = gain * (z - mean) / sqrt(variance + 1e-5) over each row's
/// components; the shift is added together with the activation.
package enum LayerNormalization {
  private static var epsilon: Float { 1e-5 }

  /// Where the inverse standard deviations are kept, after the normalized values.
  static func inverses(_ normalized: UnsafeMutablePointer<Float>, capacity: Int, columns: Int)
    -> UnsafeMutablePointer<Float>
  { normalized + (capacity * columns + 15) & ~15 }

  /// Normalizes and scales `z` [rows, columns] in place, keeping the normalized values and inverse deviations.
  package static func forward(
    _ z: UnsafeMutablePointer<Float>, gain: UnsafePointer<Float>, rows: Int, columns: Int,
    normalized: UnsafeMutablePointer<Float>, capacity: Int
  ) {
    let inverse = inverses(normalized, capacity: capacity, columns: columns)
    let share = 1 / Float(columns)
    for r in 0..<rows {
      let (row, kept) = (z + r * columns, normalized + r * columns)
      let mean = Reductions.sum(row, count: columns) * share
      for c in 0..<columns { kept[c] = row[c] - mean }
      let scale = 1 / (Reductions.dot(kept, kept, count: columns) * share + epsilon).squareRoot()
      inverse[r] = scale
      for c in 0..<columns {
        kept[c] *= scale
        row[c] = kept[c] * gain[c]
      }
    }
  }

  /// Turns the gradient of the scaled values [rows, columns] into that of `z`, in place, and adds the gain's gradient
  /// [columns] unless nil.
  package static func backward(
    _ gradient: UnsafeMutablePointer<Float>, gain: UnsafePointer<Float>, rows: Int, columns: Int,
    normalized: UnsafeMutablePointer<Float>, capacity: Int, gainGradient: UnsafeMutablePointer<Float>?
  ) {
    let inverse = inverses(normalized, capacity: capacity, columns: columns)
    let share = 1 / Float(columns)
    for r in 0..<rows {
      let (row, kept) = (gradient + r * columns, normalized + r * columns)
      if let gainGradient { for c in 0..<columns { gainGradient[c] += row[c] * kept[c] } }
      for c in 0..<columns { row[c] *= gain[c] }
      let mean = Reductions.sum(row, count: columns) * share
      let slope = Reductions.dot(row, kept, count: columns) * share
      for c in 0..<columns { row[c] = inverse[r] * (row[c] - mean - kept[c] * slope) }
    }
  }

  /// Tangent of the scaled values from that of `z`, in place; `gainTangent` [columns] is the gain's, nil for zero.
  package static func pushforward(
    _ tangent: UnsafeMutablePointer<Float>, gain: UnsafePointer<Float>, gainTangent: UnsafePointer<Float>?, rows: Int,
    columns: Int, normalized: UnsafeMutablePointer<Float>, capacity: Int
  ) {
    let inverse = inverses(normalized, capacity: capacity, columns: columns)
    let share = 1 / Float(columns)
    for r in 0..<rows {
      let (row, kept) = (tangent + r * columns, normalized + r * columns)
      let mean = Reductions.sum(row, count: columns) * share
      let slope = Reductions.dot(row, kept, count: columns) * share
      for c in 0..<columns {
        let value = inverse[r] * (row[c] - mean - kept[c] * slope)
        row[c] = value * gain[c] + kept[c] * (gainTangent.map { $0[c] } ?? 0)
      }
    }
  }
}
