/// Matrix products in double precision, of a few to some hundred rows. Each element is one chain of fused multiply-adds
/// in the order of the inner index, whatever the processor.
enum DoubleProduct {
  private typealias Lanes = SmallMatrixKernels.SIMDVector

  /// C [m, n] = op(A) [m, k] B [k, n], row-major with row strides `ldb` and `ldc`; element (r, p) of op(A) is
  /// `a[r * rowStride + p * innerStride]`. C may not overlap A or B.
  static func multiply(
    m: Int, n: Int, k: Int, _ a: UnsafePointer<Double>, rowStride: Int, innerStride: Int, _ b: UnsafePointer<Double>,
    ldb: Int, _ c: UnsafeMutablePointer<Double>, ldc: Int
  ) {
    guard n >= 8 else { return narrow(m: m, n: n, k: k, a, rowStride, innerStride, b, ldb, c, ldc) }
    for block in stride(from: 0, to: n, by: 8) {
      // the last vector overlaps the one before, and computes the same there
      let column = min(block, n - 8)
      var row = 0
      while row + 4 <= m {
        four(k, a + row * rowStride, rowStride, innerStride, b + column, ldb, c + row * ldc + column, ldc)
        row += 4
      }
      while row < m {
        var (sum, p, q) = (Lanes(), a + row * rowStride, b + column)
        for _ in 0..<k {
          sum = SmallMatrixKernels.multiplyAdd(Lanes(repeating: p.pointee), SmallMatrixKernels.load(q), sum)
          p += innerStride
          q += ldb
        }
        SmallMatrixKernels.store(sum, to: c + row * ldc + column)
        row += 1
      }
    }
  }

  @inline(__always)
  private static func four(
    _ k: Int, _ a: UnsafePointer<Double>, _ rowStride: Int, _ innerStride: Int, _ b: UnsafePointer<Double>, _ ldb: Int,
    _ c: UnsafeMutablePointer<Double>, _ ldc: Int
  ) {
    var (s0, s1, s2, s3) = (Lanes(), Lanes(), Lanes(), Lanes())
    var (p, q) = (a, b)
    for _ in 0..<k {
      let y = SmallMatrixKernels.load(q)
      s0 = SmallMatrixKernels.multiplyAdd(Lanes(repeating: p[0]), y, s0)
      s1 = SmallMatrixKernels.multiplyAdd(Lanes(repeating: p[rowStride]), y, s1)
      s2 = SmallMatrixKernels.multiplyAdd(Lanes(repeating: p[2 * rowStride]), y, s2)
      s3 = SmallMatrixKernels.multiplyAdd(Lanes(repeating: p[3 * rowStride]), y, s3)
      p += innerStride
      q += ldb
    }
    SmallMatrixKernels.store(s0, to: c)
    SmallMatrixKernels.store(s1, to: c + ldc)
    SmallMatrixKernels.store(s2, to: c + 2 * ldc)
    SmallMatrixKernels.store(s3, to: c + 3 * ldc)
  }

  private static func narrow(
    m: Int, n: Int, k: Int, _ a: UnsafePointer<Double>, _ rowStride: Int, _ innerStride: Int,
    _ b: UnsafePointer<Double>, _ ldb: Int, _ c: UnsafeMutablePointer<Double>, _ ldc: Int
  ) {
    for r in 0..<m {
      let row = c + r * ldc
      row.update(repeating: 0, count: n)
      for p in 0..<k { Factorization.add(row, b + p * ldb, n, a[r * rowStride + p * innerStride]) }
    }
  }
}
