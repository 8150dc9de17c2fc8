private import COpenBLAS

/// Dense linear algebra and exponentials in double precision on row-major blocks that the caller owns. Of symmetric
/// matrices only the lower triangle counts. Nothing here allocates, but for what LAPACK does inside.
package enum DoubleBlocks {
  /// C [m, n] = alpha op(A) [m, k] op(B) [k, n] + beta C, with row strides `lda`, `ldb`, `ldc`.
  package static func multiply(
    _ ta: Transposition, _ tb: Transposition, m: Int, n: Int, k: Int, alpha: Double = 1, _ a: UnsafePointer<Double>,
    lda: Int, _ b: UnsafePointer<Double>, ldb: Int, beta: Double = 0, _ c: UnsafeMutablePointer<Double>, ldc: Int
  ) {
    guard m > 0, n > 0, k > 0 else { return }
    BLAS.initialize()
    cblas_dgemm(
      CblasRowMajor, ta == .none ? CblasNoTrans : CblasTrans, tb == .none ? CblasNoTrans : CblasTrans, blasint(m),
      blasint(n), blasint(k), alpha, a, blasint(lda), b, blasint(ldb), beta, c, blasint(ldc))
  }

  /// C [n, k] = S B for a symmetric S [n, n] and B [n, k].
  package static func multiply(
    symmetric s: UnsafePointer<Double>, order n: Int, _ b: UnsafePointer<Double>, columns k: Int,
    _ c: UnsafeMutablePointer<Double>
  ) {
    BLAS.initialize()
    cblas_dsymm(
      CblasRowMajor, CblasLeft, CblasLower, blasint(n), blasint(k), 1, s, blasint(n), b, blasint(k), 0, c, blasint(k))
  }

  // What LAPACK calls the upper triangle, column by column, is the lower one row by row.
  private static let triangle = CChar(UInt8(ascii: "U"))

  /// Overwrites the lower triangle of `a` [n, n] by L with L L' = A (dpotrf). False where A is not positive definite.
  /// O(n³ / 3).
  package static func factor(_ a: UnsafeMutablePointer<Double>, order n: Int) -> Bool {
    BLAS.initialize()
    return LAPACKE_dpotrf(LAPACK_COL_MAJOR, triangle, Int32(n), a, Int32(n)) == 0
  }

  /// Overwrites L, as `factor` left it, by the lower triangle of (L L')^-1 (dpotri). O(2 n³ / 3).
  package static func invert(factor a: UnsafeMutablePointer<Double>, order n: Int) {
    _ = LAPACKE_dpotri(LAPACK_COL_MAJOR, triangle, Int32(n), a, Int32(n))
  }

  /// Overwrites b [n] by (L L')^-1 b for L as `factor` left it (dpotrs). O(n²).
  package static func solve(
    factor a: UnsafePointer<Double>, order n: Int, _ b: UnsafeMutablePointer<Double>
  ) {
    _ = LAPACKE_dpotrs(LAPACK_COL_MAJOR, triangle, Int32(n), 1, a, Int32(n), b, Int32(n))
  }

  /// Overwrites the upper triangle of `a` [n, n] by the lower one.
  package static func mirror(_ a: UnsafeMutablePointer<Double>, order n: Int) {
    for i in 0..<n { for j in 0..<i { a[j * n + i] = a[i * n + j] } }
  }

  /// Overwrites x by e^x for |x| up to 700, beyond which the results are those at the bounds; a few units in the last
  /// place.
  ///
  /// e^x = 2^n e^r with |r| <= ln 2 / 2, and e^r by its series up to r^13, which leaves less than 1e-17.
  package static func exponentials(_ x: UnsafeMutablePointer<Double>, count: Int) {
    let whole = count / 8 * 8
    for i in stride(from: 0, to: whole, by: 8) {
      let place = UnsafeMutableRawPointer(x + i)
      place.storeBytes(
        of: exponential(place.loadUnaligned(as: SIMD8<Double>.self)), as: SIMD8<Double>.self)
    }
    if whole < count {
      var rest = SIMD8<Double>()
      for i in whole..<count { rest[i - whole] = x[i] }
      rest = exponential(rest)
      for i in whole..<count { x[i] = rest[i - whole] }
    }
  }

  @inline(__always)
  private static func exponential(_ x: SIMD8<Double>) -> SIMD8<Double> {
    let (lowest, highest) = (SIMD8<Double>(repeating: -700), SIMD8<Double>(repeating: 700))
    let low = x.replacing(with: lowest, where: x .< lowest)
    let bounded = low.replacing(with: highest, where: low .> highest)
    // rounds to the nearest integer n by the carry of an addition of 1.5 * 2^52
    let shifted = bounded * 1.442_695_040_888_963_4 + 6_755_399_441_055_744
    let n = shifted - 6_755_399_441_055_744
    let r = bounded - n * 0.693_147_180_369_123_8 - n * 1.908_214_929_270_587_7e-10
    var p = r * (1 / 6_227_020_800) + 1 / 479_001_600
    p = p * r + 1 / 39_916_800
    p = p * r + 1 / 3_628_800
    p = p * r + 1 / 362_880
    p = p * r + 1 / 40_320
    p = p * r + 1 / 5_040
    p = p * r + 1 / 720
    p = p * r + 1 / 120
    p = p * r + 1 / 24
    p = p * r + 1 / 6
    p = p * r + 0.5
    p = p * r + 1
    p = p * r + 1
    let bits = unsafeBitCast(shifted, to: SIMD8<UInt64>.self) &- SIMD8(repeating: 0x4338_0000_0000_0000 - 1023)
    // a product, which the compiler turns into a shift
    return p * unsafeBitCast(bits &* SIMD8(repeating: 1 << 52), to: SIMD8<Double>.self)
  }
}
