/// Matrix products whose last columns do not fill a register of sixteen.
///
/// OpenBLAS packs such columns into a block that it allocates for every product (its small-matrix kernels of 0.3.21 for
/// AVX-512: one to eight columns left over, inner size of 32 or more, at most 10^6 multiplications), which a pass that
/// must not allocate cannot have. The whole sixteens go to BLAS, the columns left over to the loop below.
enum NarrowProduct {
  /// Whether BLAS would allocate for C [m, n] = A [m, k] B [k, n], both as stored, or for adding that to C.
  @inline(__always)
  static func isNeeded(m: Int, n: Int, k: Int) -> Bool {
    let left = n & 15
    return left >= 1 && left <= 8 && k >= 32 && m * n * k <= 1_000_000
  }

  /// C [m, n] = A [m, k] B [k, n], added to C if `accumulate`, with row strides `lda`, `ldb`, `ldc`, for n in 1...8 and
  /// k >= 1.
  static func multiply(
    m: Int, n: Int, k: Int, _ a: UnsafePointer<Float>, lda: Int, _ b: UnsafePointer<Float>, ldb: Int,
    _ c: UnsafeMutablePointer<Float>, ldc: Int, accumulate: Bool = false
  ) {
    precondition(n >= 1 && n <= 8 && k >= 1, "a product of \(n) columns and inner size \(k)")
    // Rows of B from which eight floats can be read without leaving the block.
    let whole = max(0, k - (8 - n + ldb - 1) / ldb)
    var row = 0
    while row + 8 <= m {
      block8(n, k, whole, a + row * lda, lda, b, ldb, c + row * ldc, ldc, accumulate)
      row += 8
    }
    while row < m {
      block1(n, k, whole, a + row * lda, b, ldb, c + row * ldc, accumulate)
      row += 1
    }
  }

  @inline(__always)
  private static func add(_ sum: inout SIMD8<Float>, _ x: Float, _ y: SIMD8<Float>) {
    #if FORESIGHT_FMA
      sum.addProduct(SIMD8(repeating: x), y)
    #else
      sum += x * y
    #endif
  }

  /// Eight floats from row `r` of B, those beyond its n columns being anything.
  @inline(__always)
  private static func columns(_ b: UnsafePointer<Float>, _ r: Int, _ ldb: Int, _ n: Int, whole: Bool) -> SIMD8<Float> {
    if whole { return UnsafeRawPointer(b + r * ldb).loadUnaligned(as: SIMD8<Float>.self) }
    var result = SIMD8<Float>()
    for column in 0..<n { result[column] = b[r * ldb + column] }
    return result
  }

  @inline(__always)
  private static func store(_ sum: SIMD8<Float>, _ n: Int, _ c: UnsafeMutablePointer<Float>, _ accumulate: Bool) {
    for column in 0..<n { c[column] = accumulate ? c[column] + sum[column] : sum[column] }
  }

  private static func block8(
    _ n: Int, _ k: Int, _ whole: Int, _ a: UnsafePointer<Float>, _ lda: Int, _ b: UnsafePointer<Float>, _ ldb: Int,
    _ c: UnsafeMutablePointer<Float>, _ ldc: Int, _ accumulate: Bool
  ) {
    var (s0, s1, s2, s3) = (SIMD8<Float>(), SIMD8<Float>(), SIMD8<Float>(), SIMD8<Float>())
    var (s4, s5, s6, s7) = (SIMD8<Float>(), SIMD8<Float>(), SIMD8<Float>(), SIMD8<Float>())
    let (a1, a2, a3, a4) = (a + lda, a + 2 * lda, a + 3 * lda, a + 4 * lda)
    let (a5, a6, a7) = (a + 5 * lda, a + 6 * lda, a + 7 * lda)
    @inline(__always) func step(_ r: Int, _ y: SIMD8<Float>) {
      add(&s0, a[r], y)
      add(&s1, a1[r], y)
      add(&s2, a2[r], y)
      add(&s3, a3[r], y)
      add(&s4, a4[r], y)
      add(&s5, a5[r], y)
      add(&s6, a6[r], y)
      add(&s7, a7[r], y)
    }
    for r in 0..<whole { step(r, columns(b, r, ldb, n, whole: true)) }
    for r in whole..<k { step(r, columns(b, r, ldb, n, whole: false)) }
    store(s0, n, c, accumulate)
    store(s1, n, c + ldc, accumulate)
    store(s2, n, c + 2 * ldc, accumulate)
    store(s3, n, c + 3 * ldc, accumulate)
    store(s4, n, c + 4 * ldc, accumulate)
    store(s5, n, c + 5 * ldc, accumulate)
    store(s6, n, c + 6 * ldc, accumulate)
    store(s7, n, c + 7 * ldc, accumulate)
  }

  private static func block1(
    _ n: Int, _ k: Int, _ whole: Int, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ ldb: Int,
    _ c: UnsafeMutablePointer<Float>, _ accumulate: Bool
  ) {
    var sum = SIMD8<Float>()
    for r in 0..<whole { add(&sum, a[r], columns(b, r, ldb, n, whole: true)) }
    for r in whole..<k { add(&sum, a[r], columns(b, r, ldb, n, whole: false)) }
    store(sum, n, c, accumulate)
  }
}
