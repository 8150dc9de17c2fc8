/// Sums with a fixed order of additions: sixteen lanes, then the lanes, then the rest. The one place for them, since a
/// strict left-to-right float sum does not vectorize.
package enum Reductions {
  /// Sum of `count` elements.
  package static func sum(_ x: UnsafePointer<Float>, count: Int) -> Float {
    var lanes = SIMD16<Float>.zero
    let raw = UnsafeRawPointer(x)
    let whole = count & ~15
    for i in stride(from: 0, to: whole, by: 16) {
      lanes += raw.loadUnaligned(fromByteOffset: i * 4, as: SIMD16<Float>.self)
    }
    var rest: Float = 0
    for i in whole..<count { rest += x[i] }
    return lanes.sum() + rest
  }

  /// Sum of products of `count` elements.
  package static func dot(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, count: Int) -> Float {
    var lanes = SIMD16<Float>.zero
    let (rawX, rawY) = (UnsafeRawPointer(x), UnsafeRawPointer(y))
    let whole = count & ~15
    for i in stride(from: 0, to: whole, by: 16) {
      lanes +=
        rawX.loadUnaligned(fromByteOffset: i * 4, as: SIMD16<Float>.self)
        * rawY.loadUnaligned(fromByteOffset: i * 4, as: SIMD16<Float>.self)
    }
    var rest: Float = 0
    for i in whole..<count { rest += x[i] * y[i] }
    return lanes.sum() + rest
  }

  /// sums[c] = (keep ? sums[c] : 0) + sum over r of x[r, c]; the bias gradient.
  package static func columnSums(
    _ x: UnsafePointer<Float>, rows: Int, columns: Int, into sums: UnsafeMutablePointer<Float>, accumulate: Bool
  ) {
    if !accumulate { sums.update(repeating: 0, count: columns) }
    var r = 0
    while r + 4 <= rows {
      let (a, b) = (x + r * columns, x + (r + 1) * columns)
      let (c, d) = (x + (r + 2) * columns, x + (r + 3) * columns)
      for i in 0..<columns { sums[i] += (a[i] + b[i]) + (c[i] + d[i]) }
      r += 4
    }
    while r < rows {
      let a = x + r * columns
      for i in 0..<columns { sums[i] += a[i] }
      r += 1
    }
  }

  /// Whether all elements are finite. Vectorizes: a non-finite x makes x - x a NaN.
  package static func allFinite(_ x: UnsafePointer<Float>, count: Int) -> Bool {
    var lanes = SIMD16<Float>.zero
    let raw = UnsafeRawPointer(x)
    let whole = count & ~15
    for i in stride(from: 0, to: whole, by: 16) {
      let value = raw.loadUnaligned(fromByteOffset: i * 4, as: SIMD16<Float>.self)
      lanes += value - value
    }
    var rest: Float = 0
    for i in whole..<count { rest += x[i] - x[i] }
    return (lanes.sum() + rest) == 0
  }
}

extension Vector {
  /// Sum of the elements.
  public var sum: Float { Reductions.sum(pointer, count: count) }

  /// Sum of the products with `other`, of equal count.
  public func dot(_ other: Vector) -> Float {
    precondition(other.count == count, "dot of \(count) and \(other.count) elements")
    return Reductions.dot(pointer, other.pointer, count: count)
  }

  /// Euclidean norm.
  public var norm: Float { dot(self).squareRoot() }
}
