private import CSIMD

/// In-place and fused elementwise loops on raw blocks; all vectorize. Naive counterparts are in the tests.
package enum Elementwise {
  /// y[i] += alpha * x[i].
  @inline(__always)
  package static func add(
    _ y: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, count: Int, scale alpha: Float = 1
  ) {
    for i in 0..<count { y[i] += alpha * x[i] }
  }

  /// Copies the rows `indices` [count] of `source` [any, width] into `target` [count, width]. They may lie anywhere in
  /// memory, so each is asked for some rows before its turn.
  package static func gather(
    _ indices: UnsafePointer<Int32>, count: Int, of source: UnsafePointer<Float>, width: Int,
    into target: UnsafeMutablePointer<Float>
  ) {
    let ahead = 8
    for r in 0..<count {
      let coming = source + Int(indices[min(r + ahead, count - 1)]) * width
      foresight_prefetch(coming)
      foresight_prefetch(coming + width - 1)
      let (from, to) = (source + Int(indices[r]) * width, target + r * width)
      for c in 0..<width { to[c] = from[c] }
    }
  }

  /// y[i] *= x[i].
  @inline(__always)
  package static func multiply(_ y: UnsafeMutablePointer<Float>, _ x: UnsafePointer<Float>, count: Int) {
    for i in 0..<count { y[i] *= x[i] }
  }

  /// y[i] *= alpha.
  @inline(__always)
  package static func scale(_ y: UnsafeMutablePointer<Float>, count: Int, by alpha: Float) {
    for i in 0..<count { y[i] *= alpha }
  }

  /// z[r, c] += bias[c].
  package static func addBias(_ z: UnsafeMutablePointer<Float>, _ bias: UnsafePointer<Float>, rows: Int, columns: Int) {
    for r in 0..<rows {
      let row = z + r * columns
      for c in 0..<columns { row[c] += bias[c] }
    }
  }

  /// z[r, c] = max(z[r, c] + bias[c], 0); NaN stays NaN.
  package static func addBiasReLU(
    _ z: UnsafeMutablePointer<Float>, _ bias: UnsafePointer<Float>, rows: Int, columns: Int
  ) {
    for r in 0..<rows {
      let row = z + r * columns
      for c in 0..<columns {
        let value = row[c] + bias[c]
        row[c] = value < 0 ? 0 : value
      }
    }
  }

  /// z[r, c] = tanh(z[r, c] + bias[c]).
  package static func addBiasTanh(
    _ z: UnsafeMutablePointer<Float>, _ bias: UnsafePointer<Float>, rows: Int, columns: Int
  ) {
    for r in 0..<rows {
      let row = z + r * columns
      for c in 0..<columns { row[c] = Scalar.tanh(row[c] + bias[c]) }
    }
  }

  /// gradient[i] *= (y[i] > 0), the backward pass of a ReLU with output y.
  package static func maskByPositive(_ gradient: UnsafeMutablePointer<Float>, _ y: UnsafePointer<Float>, count: Int) {
    for i in 0..<count { gradient[i] = y[i] > 0 ? gradient[i] : 0 }
  }

  /// gradient[i] *= 1 - y[i]^2, the backward pass of a tanh with output y.
  package static func multiplyByTanhSlope(
    _ gradient: UnsafeMutablePointer<Float>, _ y: UnsafePointer<Float>, count: Int
  ) {
    for i in 0..<count { gradient[i] *= 1 - y[i] * y[i] }
  }

  /// result[r, c] = x[r] * y[c].
  package static func outerProduct(
    _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, rows: Int, columns: Int,
    into result: UnsafeMutablePointer<Float>
  ) {
    for r in 0..<rows {
      let row = result + r * columns
      let factor = x[r]
      for c in 0..<columns { row[c] = factor * y[c] }
    }
  }

  /// target[i] += tau * (source[i] - target[i]), Polyak averaging.
  package static func interpolate(
    _ target: UnsafeMutablePointer<Float>, toward source: UnsafePointer<Float>, count: Int, tau: Float
  ) {
    for i in 0..<count { target[i] += tau * (source[i] - target[i]) }
  }
}

/// Elementwise functions on whole vectors.
extension Vector {
  /// Replaces every element x by e^x; at most 1 ulp on [-87.3, 88.7].
  public mutating func applyExp() { apply { Scalar.exp($0) } }

  /// Replaces every element x by tanh x; at most 1.5 ulp.
  public mutating func applyTanh() { apply { Scalar.tanh($0) } }

  /// Replaces every element x by x / (1 + e^-x); at most 5 ulp from -20 up, 7 from -87.
  public mutating func applySiLU() { apply { Scalar.silu($0) } }

  /// Replaces every element x by ln(1 + e^x); at most 3 ulp from -87 up.
  public mutating func applySoftplus() { apply { Scalar.softplus($0) } }

  @inline(__always)
  private mutating func apply(_ function: (Float) -> Float) {
    let p = mutablePointer
    for i in 0..<count { p[i] = function(p[i]) }
  }
}
