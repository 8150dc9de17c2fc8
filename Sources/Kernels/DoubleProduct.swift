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

  /// Fewer than eight columns, of which a vector has garbage in the rest: where B ends, they are loaded one by one.
  private static func narrow(
    m: Int, n: Int, k: Int, _ a: UnsafePointer<Double>, _ rowStride: Int, _ innerStride: Int,
    _ b: UnsafePointer<Double>, _ ldb: Int, _ c: UnsafeMutablePointer<Double>, _ ldc: Int
  ) {
    let end = (k - 1) * ldb + n
    // rows that have eight elements before the end of B
    let full = end < 8 ? 0 : min(k, (end - 8) / max(ldb, 1) + 1)
    for r in 0..<m {
      var (sum, p, q) = (Lanes(), a + r * rowStride, b)
      for _ in 0..<full {
        sum = SmallMatrixKernels.multiplyAdd(Lanes(repeating: p.pointee), SmallMatrixKernels.load(q), sum)
        p += innerStride
        q += ldb
      }
      for _ in full..<k {
        var row = Lanes()
        for j in 0..<n { row[j] = q[j] }
        sum = SmallMatrixKernels.multiplyAdd(Lanes(repeating: p.pointee), row, sum)
        p += innerStride
        q += ldb
      }
      for j in 0..<n { c[r * ldc + j] = sum[j] }
    }
  }
}
