private import CLanes

/// Products of matrices of a few dozen rows in double precision, for recursions that are bound by the overhead of calls
/// to a library.
///
/// Matrices are row-major, padded to whole lanes of eight columns and blocks of eight rows. Eight rows of one lane of C
/// stay in registers while A and B stream past; on AVX-512 these eight chains keep both multipliers busy.
package enum LaneProduct {
  package typealias Lane = SIMD8<Double>
  /// Doubles in a lane, and rows in a block.
  package static let lane = 8

  /// `count` rounded up to whole lanes.
  @inline(__always)
  package static func padded(_ count: Int) -> Int { (count + lane - 1) / lane * lane }

  /// a * b + c, fused where the build says that it is one instruction.
  @inline(__always)
  static func multiplyAdd(_ a: Lane, _ b: Lane, _ c: Lane) -> Lane {
    #if FORESIGHT_FMA
    foresight_fma_double8(a, b, c)
    #else
    a * b + c
    #endif
  }

  @inline(__always)
  static func load(_ p: UnsafePointer<Double>) -> Lane { UnsafeRawPointer(p).loadUnaligned(as: Lane.self) }

  @inline(__always)
  static func store(_ v: Lane, to p: UnsafeMutablePointer<Double>) {
    UnsafeMutableRawPointer(p).storeBytes(of: v, as: Lane.self)
  }

  /// C = AᵀB, or C + AᵀB if `adding`: A [inner, 8 rowBlocks] with rows `lda` apart, B [inner, 8 lanes], C [8 rowBlocks,
  /// 8 lanes]. With `lower`, row block r gets its lanes 0...r only, in which the lower triangle lies. C may not overlap A
  /// or B.
  package static func transposed(
    rowBlocks: Int, lanes: Int, inner: Int, _ a: UnsafePointer<Double>, lda: Int, _ b: UnsafePointer<Double>, ldb: Int,
    _ c: UnsafeMutablePointer<Double>, ldc: Int, adding: Bool, lower: Bool
  ) {
    for block in 0..<rowBlocks {
      let a = a + lane * block
      for column in 0..<(lower ? min(block + 1, lanes) : lanes) {
        tile(inner, a, lda, b + lane * column, ldb, c + lane * (block * ldc + column), ldc, adding)
      }
    }
  }

  @inline(__always)
  private static func tile(
    _ inner: Int, _ a: UnsafePointer<Double>, _ lda: Int, _ b: UnsafePointer<Double>, _ ldb: Int,
    _ c: UnsafeMutablePointer<Double>, _ ldc: Int, _ adding: Bool
  ) {
    var (s0, s1, s2, s3) = (Lane(), Lane(), Lane(), Lane())
    var (s4, s5, s6, s7) = (Lane(), Lane(), Lane(), Lane())
    if adding {
      (s0, s1, s2, s3) = (load(c), load(c + ldc), load(c + 2 * ldc), load(c + 3 * ldc))
      (s4, s5, s6, s7) = (load(c + 4 * ldc), load(c + 5 * ldc), load(c + 6 * ldc), load(c + 7 * ldc))
    }
    var (a, b) = (a, b)
    for _ in 0..<inner {
      let y = load(b)
      s0 = multiplyAdd(Lane(repeating: a[0]), y, s0)
      s1 = multiplyAdd(Lane(repeating: a[1]), y, s1)
      s2 = multiplyAdd(Lane(repeating: a[2]), y, s2)
      s3 = multiplyAdd(Lane(repeating: a[3]), y, s3)
      s4 = multiplyAdd(Lane(repeating: a[4]), y, s4)
      s5 = multiplyAdd(Lane(repeating: a[5]), y, s5)
      s6 = multiplyAdd(Lane(repeating: a[6]), y, s6)
      s7 = multiplyAdd(Lane(repeating: a[7]), y, s7)
      a += lda
      b += ldb
    }
    store(s0, to: c)
    store(s1, to: c + ldc)
    store(s2, to: c + 2 * ldc)
    store(s3, to: c + 3 * ldc)
    store(s4, to: c + 4 * ldc)
    store(s5, to: c + 5 * ldc)
    store(s6, to: c + 6 * ldc)
    store(s7, to: c + 7 * ldc)
  }

  /// values_n - |Aᵀ x_n|² / 2 for the columns x_n of B [inner, 8 lanes]: A [inner, 8 rowBlocks] with rows `lda` apart. The
  /// images Aᵀ x_n are never stored.
  package static func subtractHalfSquares(
    rowBlocks: Int, lanes: Int, inner: Int, _ a: UnsafePointer<Double>, lda: Int, _ b: UnsafePointer<Double>, ldb: Int,
    from values: UnsafeMutablePointer<Double>
  ) {
    var column = 0
    while column < lanes {
      let isPair = column + 1 < lanes
      let (x, value) = (b + lane * column, values + lane * column)
      var (first, second) = (Lane(), Lane())
      for block in 0..<rowBlocks {
        if isPair {
          let squares = pairOfSquares(inner, a + lane * block, lda, x, ldb)
          (first, second) = (first + squares.0, second + squares.1)
        } else {
          first += squares(inner, a + lane * block, lda, x, ldb)
        }
      }
      store(load(value) - 0.5 * first, to: value)
      if isPair { store(load(value + lane) - 0.5 * second, to: value + lane) }
      column += isPair ? 2 : 1
    }
  }

  /// The squared lengths of eight rows of images of eight points.
  @inline(__always)
  private static func squares(
    _ inner: Int, _ a: UnsafePointer<Double>, _ lda: Int, _ b: UnsafePointer<Double>, _ ldb: Int
  ) -> Lane {
    var (s0, s1, s2, s3) = (Lane(), Lane(), Lane(), Lane())
    var (s4, s5, s6, s7) = (Lane(), Lane(), Lane(), Lane())
    var (a, b) = (a, b)
    for _ in 0..<inner {
      let y = load(b)
      s0 = multiplyAdd(Lane(repeating: a[0]), y, s0)
      s1 = multiplyAdd(Lane(repeating: a[1]), y, s1)
      s2 = multiplyAdd(Lane(repeating: a[2]), y, s2)
      s3 = multiplyAdd(Lane(repeating: a[3]), y, s3)
      s4 = multiplyAdd(Lane(repeating: a[4]), y, s4)
      s5 = multiplyAdd(Lane(repeating: a[5]), y, s5)
      s6 = multiplyAdd(Lane(repeating: a[6]), y, s6)
      s7 = multiplyAdd(Lane(repeating: a[7]), y, s7)
      a += lda
      b += ldb
    }
    return sumOfSquares(s0, s1, s2, s3, s4, s5, s6, s7)
  }

  /// As `squares`, of sixteen points: every broadcast serves twice.
  @inline(__always)
  private static func pairOfSquares(
    _ inner: Int, _ a: UnsafePointer<Double>, _ lda: Int, _ b: UnsafePointer<Double>, _ ldb: Int
  ) -> (Lane, Lane) {
    var (s0, s1, s2, s3) = (Lane(), Lane(), Lane(), Lane())
    var (s4, s5, s6, s7) = (Lane(), Lane(), Lane(), Lane())
    var (t0, t1, t2, t3) = (Lane(), Lane(), Lane(), Lane())
    var (t4, t5, t6, t7) = (Lane(), Lane(), Lane(), Lane())
    var (a, b) = (a, b)
    for _ in 0..<inner {
      let (y, z) = (load(b), load(b + lane))
      var x = Lane(repeating: a[0])
      (s0, t0) = (multiplyAdd(x, y, s0), multiplyAdd(x, z, t0))
      x = Lane(repeating: a[1])
      (s1, t1) = (multiplyAdd(x, y, s1), multiplyAdd(x, z, t1))
      x = Lane(repeating: a[2])
      (s2, t2) = (multiplyAdd(x, y, s2), multiplyAdd(x, z, t2))
      x = Lane(repeating: a[3])
      (s3, t3) = (multiplyAdd(x, y, s3), multiplyAdd(x, z, t3))
      x = Lane(repeating: a[4])
      (s4, t4) = (multiplyAdd(x, y, s4), multiplyAdd(x, z, t4))
      x = Lane(repeating: a[5])
      (s5, t5) = (multiplyAdd(x, y, s5), multiplyAdd(x, z, t5))
      x = Lane(repeating: a[6])
      (s6, t6) = (multiplyAdd(x, y, s6), multiplyAdd(x, z, t6))
      x = Lane(repeating: a[7])
      (s7, t7) = (multiplyAdd(x, y, s7), multiplyAdd(x, z, t7))
      a += lda
      b += ldb
    }
    return (sumOfSquares(s0, s1, s2, s3, s4, s5, s6, s7), sumOfSquares(t0, t1, t2, t3, t4, t5, t6, t7))
  }

  @inline(__always)
  private static func sumOfSquares(
    _ s0: Lane, _ s1: Lane, _ s2: Lane, _ s3: Lane, _ s4: Lane, _ s5: Lane, _ s6: Lane, _ s7: Lane
  ) -> Lane {
    let left = multiplyAdd(s3, s3, multiplyAdd(s2, s2, multiplyAdd(s1, s1, s0 * s0)))
    let right = multiplyAdd(s7, s7, multiplyAdd(s6, s6, multiplyAdd(s5, s5, s4 * s4)))
    return left + right
  }

  /// (x, y) turned in place: y = s x + c y, x = c x - s y, over whole lanes.
  @inline(__always)
  package static func rotate(
    lanes: Int, cosine c: Double, sine s: Double, _ x: UnsafeMutablePointer<Double>, _ y: UnsafeMutablePointer<Double>
  ) {
    let (c, s) = (Lane(repeating: c), Lane(repeating: s))
    for column in 0..<lanes {
      let (upper, lower) = (load(x + lane * column), load(y + lane * column))
      store(multiplyAdd(s, upper, c * lower), to: y + lane * column)
      store(c * upper - s * lower, to: x + lane * column)
    }
  }

  /// y = factor * x over whole lanes.
  package static func scale(
    lanes: Int, _ factor: Double, _ x: UnsafePointer<Double>, into y: UnsafeMutablePointer<Double>
  ) {
    let factor = Lane(repeating: factor)
    for column in 0..<lanes { store(factor * load(x + lane * column), to: y + lane * column) }
  }

  /// y += factor * x over whole lanes.
  package static func add(
    lanes: Int, _ factor: Double, _ x: UnsafePointer<Double>, to y: UnsafeMutablePointer<Double>
  ) {
    let factor = Lane(repeating: factor)
    for column in 0..<lanes {
      store(multiplyAdd(factor, load(x + lane * column), load(y + lane * column)), to: y + lane * column)
    }
  }
}

/// Zeroed doubles, aligned to a lane, with a few more behind them that may be read: scratch of one owner.
package final class LaneScratch {
  package let pointer: UnsafeMutablePointer<Double>
  private let block: UnsafeMutableRawPointer

  package init(count: Int) {
    precondition(count >= 0, "negative element count \(count)")
    let total = count + 2 * LaneProduct.lane
    block = UnsafeMutableRawPointer.allocate(byteCount: total * MemoryLayout<Double>.size, alignment: 64)
    pointer = block.initializeMemory(as: Double.self, repeating: 0, count: total)
  }

  deinit { block.deallocate() }
}
