private import CSIMD

/// Products of a matrix and a vector. Sums have an order that does not depend on the processor, as those of a library
/// that chooses its kernel by the processor do.
enum MatrixVector {
  /// Floats of a row that are summed side by side: two vectors of sixteen.
  private static let lanes = 32
  typealias Lanes = SIMD16<Float>

  @inline(__always)
  private static func multiplyAdd(_ a: Lanes, _ b: Lanes, _ c: Lanes) -> Lanes {
    #if FORESIGHT_FMA
    foresight_fma16(a, b, c)
    #else
    a * b + c
    #endif
  }

  @inline(__always)
  private static func load(_ p: UnsafePointer<Float>) -> Lanes { UnsafeRawPointer(p).loadUnaligned(as: Lanes.self) }

  /// The sum of `first` and `second`, halves first.
  @inline(__always)
  private static func sum(_ first: Lanes, _ second: Lanes) -> Float {
    let all = first + second
    let eight = all.lowHalf + all.highHalf
    let four = eight.lowHalf + eight.highHalf
    let two = four.lowHalf + four.highHalf
    return two.x + two.y
  }

  @inline(__always)
  private static func put(_ value: Float, _ beta: Float, _ y: UnsafeMutablePointer<Float>) {
    y.pointee = beta == 0 ? value : Scalar.multiplyAdd(beta, y.pointee, value)
  }

  /// y [rows] = A x + beta * y.
  static func plain(
    rows: Int, columns: Int, _ a: UnsafePointer<Float>, _ x: UnsafePointer<Float>, beta: Float,
    _ y: UnsafeMutablePointer<Float>
  ) {
    var r = 0
    while r + 2 <= rows {
      let (upper, lower) = (a + r * columns, a + (r + 1) * columns)
      var (s0, s1, t0, t1) = (Lanes(), Lanes(), Lanes(), Lanes())
      var c = 0
      while c + lanes <= columns {
        let (x0, x1) = (load(x + c), load(x + c + 16))
        s0 = multiplyAdd(load(upper + c), x0, s0)
        s1 = multiplyAdd(load(upper + c + 16), x1, s1)
        t0 = multiplyAdd(load(lower + c), x0, t0)
        t1 = multiplyAdd(load(lower + c + 16), x1, t1)
        c += lanes
      }
      put(rest(upper, x, from: c, columns, sum(s0, s1)), beta, y + r)
      put(rest(lower, x, from: c, columns, sum(t0, t1)), beta, y + r + 1)
      r += 2
    }
    guard r < rows else { return }
    let row = a + r * columns
    var (s0, s1, c) = (Lanes(), Lanes(), 0)
    while c + lanes <= columns {
      s0 = multiplyAdd(load(row + c), load(x + c), s0)
      s1 = multiplyAdd(load(row + c + 16), load(x + c + 16), s1)
      c += lanes
    }
    put(rest(row, x, from: c, columns, sum(s0, s1)), beta, y + r)
  }

  /// `start` and the products of the columns from `first` on.
  @inline(__always)
  private static func rest(
    _ row: UnsafePointer<Float>, _ x: UnsafePointer<Float>, from first: Int, _ columns: Int, _ start: Float
  ) -> Float {
    var (total, c) = (start, first)
    if c + 16 <= columns {
      total += sum(load(row + c) * load(x + c), Lanes())
      c += 16
    }
    while c < columns {
      total = Scalar.multiplyAdd(row[c], x[c], total)
      c += 1
    }
    return total
  }

  /// y [columns] = A' x + beta * y: each a chain of fused multiply-adds in the order of the rows.
  static func transposed(
    rows: Int, columns: Int, _ a: UnsafePointer<Float>, _ x: UnsafePointer<Float>, beta: Float,
    _ y: UnsafeMutablePointer<Float>
  ) {
    var c = 0
    while c + 64 <= columns {
      var (s0, s1, s2, s3) = (Lanes(), Lanes(), Lanes(), Lanes())
      var p = a + c
      for r in 0..<rows {
        let factor = Lanes(repeating: x[r])
        s0 = multiplyAdd(load(p), factor, s0)
        s1 = multiplyAdd(load(p + 16), factor, s1)
        s2 = multiplyAdd(load(p + 32), factor, s2)
        s3 = multiplyAdd(load(p + 48), factor, s3)
        p += columns
      }
      put(s0, beta, y + c)
      put(s1, beta, y + c + 16)
      put(s2, beta, y + c + 32)
      put(s3, beta, y + c + 48)
      c += 64
    }
    while c + 16 <= columns {
      var s = Lanes()
      for r in 0..<rows { s = multiplyAdd(load(a + r * columns + c), Lanes(repeating: x[r]), s) }
      put(s, beta, y + c)
      c += 16
    }
    while c < columns {
      var s: Float = 0
      for r in 0..<rows { s = Scalar.multiplyAdd(a[r * columns + c], x[r], s) }
      put(s, beta, y + c)
      c += 1
    }
  }

  @inline(__always)
  private static func put(_ value: Lanes, _ beta: Float, _ y: UnsafeMutablePointer<Float>) {
    let result = beta == 0 ? value : multiplyAdd(Lanes(repeating: beta), load(y), value)
    UnsafeMutableRawPointer(y).storeBytes(of: result, as: Lanes.self)
  }
}
