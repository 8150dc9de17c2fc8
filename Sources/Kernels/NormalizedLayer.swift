/// What follows the product of a layer: normalization over each row's components (Ba, Kiros and Hinton 2016) with gain
/// and shift, and then Mish (Misra 2019) or a softmax over groups of components (Lavoie et al. 2023, "simplicial
/// embeddings").
///
/// n = (z - mean) / sqrt(variance + 1e-5), u = gain * n + shift, y = f(u).
package enum NormalizedLayer {
  private static var epsilon: Float { 1e-5 }

  /// The nonlinearity f.
  package enum Function: Sendable, Equatable {
    /// u tanh(ln(1 + e^u)).
    case mish
    /// Softmax over each group of so many components.
    case simplex(Int)
  }

  /// What a pass keeps for the one back.
  package struct Kept {
    /// n, [rows, columns].
    let normalized: UnsafeMutablePointer<Float>
    /// 1 / sqrt(variance + 1e-5), [rows].
    let inverses: UnsafeMutablePointer<Float>
    /// f'(u) for Mish, [rows, columns]; not used for a simplex.
    let slopes: UnsafeMutablePointer<Float>

    package init(
      normalized: UnsafeMutablePointer<Float>, inverses: UnsafeMutablePointer<Float>,
      slopes: UnsafeMutablePointer<Float>
    ) {
      (self.normalized, self.inverses, self.slopes) = (normalized, inverses, slopes)
    }
  }

  /// Overwrites `z` [rows, columns] by y, keeping what `backward` needs unless `kept` is nil. O(rows * columns).
  package static func forward(
    _ z: UnsafeMutablePointer<Float>, gain: UnsafePointer<Float>, shift: UnsafePointer<Float>, rows: Int, columns: Int,
    _ function: Function, keeping kept: Kept?
  ) {
    let share = 1 / Float(columns)
    for r in 0..<rows {
      let row = z + r * columns
      let mean = Reductions.sum(row, count: columns) * share
      for c in 0..<columns { row[c] -= mean }
      let inverse = 1 / (Reductions.dot(row, row, count: columns) * share + epsilon).squareRoot()
      if let kept {
        kept.inverses[r] = inverse
        let normalized = kept.normalized + r * columns
        for c in 0..<columns { normalized[c] = row[c] * inverse }
        switch function {
        case .mish: mish(row, inverse, gain, shift, columns, slopes: kept.slopes + r * columns)
        case .simplex(let size): simplex(row, inverse, gain, shift, columns, group: size)
        }
      } else {
        switch function {
        case .mish: mish(row, inverse, gain, shift, columns)
        case .simplex(let size): simplex(row, inverse, gain, shift, columns, group: size)
        }
      }
    }
  }

  /// Turns the gradient of y [rows, columns] into that of z, in place, and adds those of gain and shift [columns]
  /// unless nil. `output` is y, which only a simplex reads.
  package static func backward(
    _ gradient: UnsafeMutablePointer<Float>, output: UnsafePointer<Float>, gain: UnsafePointer<Float>, rows: Int,
    columns: Int, _ function: Function, kept: Kept, gainGradient: UnsafeMutablePointer<Float>?,
    shiftGradient: UnsafeMutablePointer<Float>?
  ) {
    let share = 1 / Float(columns)
    for r in 0..<rows {
      let (row, normalized) = (gradient + r * columns, kept.normalized + r * columns)
      switch function {
      case .mish:
        let slopes = kept.slopes + r * columns
        for c in 0..<columns { row[c] *= slopes[c] }
      case .simplex(let size):
        let y = output + r * columns
        for first in stride(from: 0, to: columns, by: size) {
          var sum: Float = 0
          for c in first..<first + size { sum += row[c] * y[c] }
          for c in first..<first + size { row[c] = y[c] * (row[c] - sum) }
        }
      }
      if let gainGradient { for c in 0..<columns { gainGradient[c] += row[c] * normalized[c] } }
      if let shiftGradient { for c in 0..<columns { shiftGradient[c] += row[c] } }
      for c in 0..<columns { row[c] *= gain[c] }
      let mean = Reductions.sum(row, count: columns) * share
      let slope = Reductions.dot(row, normalized, count: columns) * share
      let inverse = kept.inverses[r]
      for c in 0..<columns { row[c] = inverse * (row[c] - mean - normalized[c] * slope) }
    }
  }

  private typealias SIMDVector = SIMDMath.SIMDVector

  /// With e = e^u and n = e (e + 2), tanh(ln(1 + e^u)) is n / (n + 2), and its derivative 4 e (e + 1) / (n + 2)^2.
  /// Beyond 20 the quotient is 1 to the last bit.
  @inline(__always)
  private static func terms(_ u: SIMDVector) -> (share: SIMDVector, exponential: SIMDVector, reciprocal: SIMDVector) {
    let limit = SIMDVector(repeating: 20)
    let e = SIMDMath.saturatingExp(u.replacing(with: limit, where: u .> limit))
    let n = e * (e + 2)
    let reciprocal = SIMDMath.reciprocal(n + 2)
    return (n * reciprocal, e, reciprocal)
  }

  @inline(__always)
  private static func scaled(
    _ row: UnsafePointer<Float>, _ inverse: Float, _ gain: UnsafePointer<Float>, _ shift: UnsafePointer<Float>,
    valid: Int
  ) -> SIMDVector {
    SIMDMath.multiplyAdd(
      Microkernel.load(row, valid: valid) * inverse, Microkernel.load(gain, valid: valid),
      Microkernel.load(shift, valid: valid))
  }

  private static func mish(
    _ row: UnsafeMutablePointer<Float>, _ inverse: Float, _ gain: UnsafePointer<Float>, _ shift: UnsafePointer<Float>,
    _ columns: Int
  ) {
    let width = SIMDMath.width
    let whole = columns / width * width
    for c in stride(from: 0, to: whole, by: width) {
      let u = scaled(row + c, inverse, gain + c, shift + c, valid: width)
      Microkernel.store(u * terms(u).share, to: row + c)
    }
    guard whole < columns else { return }
    let valid = columns - whole
    let u = scaled(row + whole, inverse, gain + whole, shift + whole, valid: valid)
    Microkernel.store(u * terms(u).share, to: row + whole, valid: valid)
  }

  private static func mish(
    _ row: UnsafeMutablePointer<Float>, _ inverse: Float, _ gain: UnsafePointer<Float>, _ shift: UnsafePointer<Float>,
    _ columns: Int, slopes: UnsafeMutablePointer<Float>
  ) {
    let width = SIMDMath.width
    for c in stride(from: 0, to: columns, by: width) {
      let valid = min(width, columns - c)
      let u = scaled(row + c, inverse, gain + c, shift + c, valid: valid)
      let (share, e, reciprocal) = terms(u)
      Microkernel.store(u * share, to: row + c, valid: valid)
      let slope = SIMDMath.multiplyAdd(u * (4 * e * (e + 1)), reciprocal * reciprocal, share)
      Microkernel.store(slope, to: slopes + c, valid: valid)
    }
  }

  private static func simplex(
    _ row: UnsafeMutablePointer<Float>, _ inverse: Float, _ gain: UnsafePointer<Float>, _ shift: UnsafePointer<Float>,
    _ columns: Int, group: Int
  ) {
    let width = SIMDMath.width
    for c in stride(from: 0, to: columns, by: width) {
      let valid = min(width, columns - c)
      Microkernel.store(scaled(row + c, inverse, gain + c, shift + c, valid: valid), to: row + c, valid: valid)
    }
    for first in stride(from: 0, to: columns, by: group) {
      var top = row[first]
      for c in first + 1..<first + group { top = max(top, row[c]) }
      for c in first..<first + group { row[c] -= top }
    }
    for c in stride(from: 0, to: columns, by: width) {
      let valid = min(width, columns - c)
      Microkernel.store(SIMDMath.saturatingExp(Microkernel.load(row + c, valid: valid)), to: row + c, valid: valid)
    }
    for first in stride(from: 0, to: columns, by: group) {
      var sum: Float = 0
      for c in first..<first + group { sum += row[c] }
      let scale = 1 / sum
      for c in first..<first + group { row[c] *= scale }
    }
  }
}
