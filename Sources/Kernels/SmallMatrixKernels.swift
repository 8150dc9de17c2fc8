private import CSIMD

/// Products of matrices of a few dozen rows in double precision, for recursions that are bound by the overhead of calls
/// to a library.
///
/// Matrices are row-major, padded to whole vectors of eight columns and blocks of eight rows. Eight rows of one vector
/// of C stay in registers while A and B stream past; on AVX-512 these eight chains keep both multipliers busy.
package enum SmallMatrixKernels {
  package typealias SIMDVector = SIMD8<Double>
  /// Doubles in a vector, and rows in a block.
  package static let width = 8

  /// `count` rounded up to whole vectors.
  @inline(__always)
  package static func padded(_ count: Int) -> Int { (count + width - 1) / width * width }

  /// a * b + c, fused where the build says that it is one instruction.
  @inline(__always)
  static func multiplyAdd(_ a: SIMDVector, _ b: SIMDVector, _ c: SIMDVector) -> SIMDVector {
    #if FORESIGHT_FMA
    foresight_fma_double8(a, b, c)
    #else
    a * b + c
    #endif
  }

  @inline(__always)
  static func load(_ p: UnsafePointer<Double>) -> SIMDVector { UnsafeRawPointer(p).loadUnaligned(as: SIMDVector.self) }

  @inline(__always)
  static func store(_ v: SIMDVector, to p: UnsafeMutablePointer<Double>) {
    UnsafeMutableRawPointer(p).storeBytes(of: v, as: SIMDVector.self)
  }

  /// C = AᵀB, or C + AᵀB if `adding`: A [inner, 8 rowBlocks] with rows `lda` apart, B [inner, 8 vectors], C [8
  /// rowBlocks, 8 vectors]. With `lower`, row block r gets its vectors 0...r only, in which the lower triangle lies. C
  /// may not overlap A or B.
  package static func transposed(
    rowBlocks: Int, vectors: Int, inner: Int, _ a: UnsafePointer<Double>, lda: Int, _ b: UnsafePointer<Double>,
    ldb: Int,
    _ c: UnsafeMutablePointer<Double>, ldc: Int, adding: Bool, lower: Bool
  ) {
    for block in 0..<rowBlocks {
      let a = a + width * block
      for column in 0..<(lower ? min(block + 1, vectors) : vectors) {
        tile(inner, a, lda, b + width * column, ldb, c + width * (block * ldc + column), ldc, adding)
      }
    }
  }

  @inline(__always)
  private static func tile(
    _ inner: Int, _ a: UnsafePointer<Double>, _ lda: Int, _ b: UnsafePointer<Double>, _ ldb: Int,
    _ c: UnsafeMutablePointer<Double>, _ ldc: Int, _ adding: Bool
  ) {
    var (s0, s1, s2, s3) = (SIMDVector(), SIMDVector(), SIMDVector(), SIMDVector())
    var (s4, s5, s6, s7) = (SIMDVector(), SIMDVector(), SIMDVector(), SIMDVector())
    if adding {
      (s0, s1, s2, s3) = (load(c), load(c + ldc), load(c + 2 * ldc), load(c + 3 * ldc))
      (s4, s5, s6, s7) = (load(c + 4 * ldc), load(c + 5 * ldc), load(c + 6 * ldc), load(c + 7 * ldc))
    }
    var (a, b) = (a, b)
    for _ in 0..<inner {
      let y = load(b)
      s0 = multiplyAdd(SIMDVector(repeating: a[0]), y, s0)
      s1 = multiplyAdd(SIMDVector(repeating: a[1]), y, s1)
      s2 = multiplyAdd(SIMDVector(repeating: a[2]), y, s2)
      s3 = multiplyAdd(SIMDVector(repeating: a[3]), y, s3)
      s4 = multiplyAdd(SIMDVector(repeating: a[4]), y, s4)
      s5 = multiplyAdd(SIMDVector(repeating: a[5]), y, s5)
      s6 = multiplyAdd(SIMDVector(repeating: a[6]), y, s6)
      s7 = multiplyAdd(SIMDVector(repeating: a[7]), y, s7)
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

  /// values_n - |Aᵀ x_n|² / 2 for the columns x_n of B [inner, 8 vectors]: A [inner, 8 rowBlocks] with rows `lda`
  /// apart. The images Aᵀ x_n are never stored.
  package static func subtractHalfSquares(
    rowBlocks: Int, vectors: Int, inner: Int, _ a: UnsafePointer<Double>, lda: Int, _ b: UnsafePointer<Double>,
    ldb: Int,
    from values: UnsafeMutablePointer<Double>
  ) {
    var column = 0
    while column < vectors {
      let isPair = column + 1 < vectors
      let (x, value) = (b + width * column, values + width * column)
      var (first, second) = (SIMDVector(), SIMDVector())
      for block in 0..<rowBlocks {
        if isPair {
          let squares = pairOfSquares(inner, a + width * block, lda, x, ldb)
          (first, second) = (first + squares.0, second + squares.1)
        } else {
          first += squares(inner, a + width * block, lda, x, ldb)
        }
      }
      store(load(value) - 0.5 * first, to: value)
      if isPair { store(load(value + width) - 0.5 * second, to: value + width) }
      column += isPair ? 2 : 1
    }
  }

  /// The squared lengths of eight rows of images of eight points.
  @inline(__always)
  private static func squares(
    _ inner: Int, _ a: UnsafePointer<Double>, _ lda: Int, _ b: UnsafePointer<Double>, _ ldb: Int
  ) -> SIMDVector {
    var (s0, s1, s2, s3) = (SIMDVector(), SIMDVector(), SIMDVector(), SIMDVector())
    var (s4, s5, s6, s7) = (SIMDVector(), SIMDVector(), SIMDVector(), SIMDVector())
    var (a, b) = (a, b)
    for _ in 0..<inner {
      let y = load(b)
      s0 = multiplyAdd(SIMDVector(repeating: a[0]), y, s0)
      s1 = multiplyAdd(SIMDVector(repeating: a[1]), y, s1)
      s2 = multiplyAdd(SIMDVector(repeating: a[2]), y, s2)
      s3 = multiplyAdd(SIMDVector(repeating: a[3]), y, s3)
      s4 = multiplyAdd(SIMDVector(repeating: a[4]), y, s4)
      s5 = multiplyAdd(SIMDVector(repeating: a[5]), y, s5)
      s6 = multiplyAdd(SIMDVector(repeating: a[6]), y, s6)
      s7 = multiplyAdd(SIMDVector(repeating: a[7]), y, s7)
      a += lda
      b += ldb
    }
    return sumOfSquares(s0, s1, s2, s3, s4, s5, s6, s7)
  }

  /// As `squares`, of sixteen points: every broadcast serves twice.
  @inline(__always)
  private static func pairOfSquares(
    _ inner: Int, _ a: UnsafePointer<Double>, _ lda: Int, _ b: UnsafePointer<Double>, _ ldb: Int
  ) -> (SIMDVector, SIMDVector) {
    var (s0, s1, s2, s3) = (SIMDVector(), SIMDVector(), SIMDVector(), SIMDVector())
    var (s4, s5, s6, s7) = (SIMDVector(), SIMDVector(), SIMDVector(), SIMDVector())
    var (t0, t1, t2, t3) = (SIMDVector(), SIMDVector(), SIMDVector(), SIMDVector())
    var (t4, t5, t6, t7) = (SIMDVector(), SIMDVector(), SIMDVector(), SIMDVector())
    var (a, b) = (a, b)
    for _ in 0..<inner {
      let (y, z) = (load(b), load(b + width))
      var x = SIMDVector(repeating: a[0])
      (s0, t0) = (multiplyAdd(x, y, s0), multiplyAdd(x, z, t0))
      x = SIMDVector(repeating: a[1])
      (s1, t1) = (multiplyAdd(x, y, s1), multiplyAdd(x, z, t1))
      x = SIMDVector(repeating: a[2])
      (s2, t2) = (multiplyAdd(x, y, s2), multiplyAdd(x, z, t2))
      x = SIMDVector(repeating: a[3])
      (s3, t3) = (multiplyAdd(x, y, s3), multiplyAdd(x, z, t3))
      x = SIMDVector(repeating: a[4])
      (s4, t4) = (multiplyAdd(x, y, s4), multiplyAdd(x, z, t4))
      x = SIMDVector(repeating: a[5])
      (s5, t5) = (multiplyAdd(x, y, s5), multiplyAdd(x, z, t5))
      x = SIMDVector(repeating: a[6])
      (s6, t6) = (multiplyAdd(x, y, s6), multiplyAdd(x, z, t6))
      x = SIMDVector(repeating: a[7])
      (s7, t7) = (multiplyAdd(x, y, s7), multiplyAdd(x, z, t7))
      a += lda
      b += ldb
    }
    return (sumOfSquares(s0, s1, s2, s3, s4, s5, s6, s7), sumOfSquares(t0, t1, t2, t3, t4, t5, t6, t7))
  }

  @inline(__always)
  private static func sumOfSquares(
    _ s0: SIMDVector, _ s1: SIMDVector, _ s2: SIMDVector, _ s3: SIMDVector, _ s4: SIMDVector, _ s5: SIMDVector,
    _ s6: SIMDVector, _ s7: SIMDVector
  ) -> SIMDVector {
    let left = multiplyAdd(s3, s3, multiplyAdd(s2, s2, multiplyAdd(s1, s1, s0 * s0)))
    let right = multiplyAdd(s7, s7, multiplyAdd(s6, s6, multiplyAdd(s5, s5, s4 * s4)))
    return left + right
  }

  /// (x, y) turned in place: y = s x + c y, x = c x - s y, over whole vectors.
  @inline(__always)
  package static func rotate(
    vectors: Int, cosine c: Double, sine s: Double, _ x: UnsafeMutablePointer<Double>, _ y: UnsafeMutablePointer<Double>
  ) {
    let (c, s) = (SIMDVector(repeating: c), SIMDVector(repeating: s))
    for column in 0..<vectors {
      let (upper, lower) = (load(x + width * column), load(y + width * column))
      store(multiplyAdd(s, upper, c * lower), to: y + width * column)
      store(c * upper - s * lower, to: x + width * column)
    }
  }

  /// y = factor * x over whole vectors.
  package static func scale(
    vectors: Int, _ factor: Double, _ x: UnsafePointer<Double>, into y: UnsafeMutablePointer<Double>
  ) {
    let factor = SIMDVector(repeating: factor)
    for column in 0..<vectors { store(factor * load(x + width * column), to: y + width * column) }
  }

  /// y += factor * x over whole vectors.
  package static func add(
    vectors: Int, _ factor: Double, _ x: UnsafePointer<Double>, to y: UnsafeMutablePointer<Double>
  ) {
    let factor = SIMDVector(repeating: factor)
    for column in 0..<vectors {
      store(multiplyAdd(factor, load(x + width * column), load(y + width * column)), to: y + width * column)
    }
  }
}

/// Zeroed doubles, aligned to a vector, with a few more behind them that may be read: scratch of one owner.
package final class AlignedBuffer {
  package let pointer: UnsafeMutablePointer<Double>
  private let block: UnsafeMutableRawPointer

  package init(count: Int) {
    precondition(count >= 0, "negative element count \(count)")
    let total = count + 2 * SmallMatrixKernels.width
    block = UnsafeMutableRawPointer.allocate(byteCount: total * MemoryLayout<Double>.size, alignment: 64)
    pointer = block.initializeMemory(as: Double.self, repeating: 0, count: total)
  }

  deinit { block.deallocate() }
}
