private import COpenBLAS

/// The BLAS library: set-up, facts about it, and the matrix product.
public enum BLAS {
  private static let once: Void = openblas_set_num_threads(1)

  /// Makes BLAS run in the calling thread only; idempotent, cheap.
  @inline(__always)
  public static func initialize() { _ = once }

  /// Name of the kernel family that OpenBLAS chose for this processor ("SkylakeX", "Zen").
  public static var coreName: String { openblas_get_corename().map { String(cString: $0) } ?? "unknown" }

  /// Whether products are summed by fused multiply-adds, in kernels of our own.
  public static var isFused: Bool { Microkernel.isFast }

  /// OpenBLAS version and build options.
  public static var configuration: String { openblas_get_config().map { String(cString: $0) } ?? "unknown" }
}

/// Whether an operand of a product is taken as stored or transposed.
public enum Transposition: Sendable {
  /// As stored.
  case none
  /// Transposed.
  case transposed

  fileprivate var cblas: CBLAS_TRANSPOSE { self == .none ? CblasNoTrans : CblasTrans }
}

/// C [m, n] = alpha * op(A) [m, k] * op(B) [k, n] + beta * C on row-major blocks with row strides `lda`, `ldb`, `ldc`.
package func gemm(
  _ ta: Transposition, _ tb: Transposition, m: Int, n: Int, k: Int, alpha: Float = 1,
  _ a: UnsafePointer<Float>, lda: Int, _ b: UnsafePointer<Float>, ldb: Int, beta: Float = 0,
  _ c: UnsafeMutablePointer<Float>, ldc: Int
) {
  guard m > 0, n > 0 else { return }
  let isPlain = alpha == 1 && (beta == 0 || beta == 1) && (ta == .none || tb == .none)
  if isPlain && (Microkernel.isFast || allocates(ta, tb, m: m, n: n, k: k)) {
    return BlockedGEMM.gemm(ta, tb, m: m, n: n, k: k, a, lda: lda, b, ldb: ldb, accumulate: beta == 1, c, ldc: ldc)
  }
  BLAS.multiply(ta, tb, m: m, n: n, k: k, alpha: alpha, a, lda: lda, b, ldb: ldb, beta: beta, c, ldc: ldc)
}

/// Whether OpenBLAS 0.3.21 would allocate for a product, which a pass that must not allocate cannot have: its
/// small-matrix kernels for AVX-512 pack one to eight columns left over by sixteens into a new block each time.
private func allocates(_ ta: Transposition, _ tb: Transposition, m: Int, n: Int, k: Int) -> Bool {
  let left = n & 15
  return ta == .none && tb == .none && left >= 1 && left <= 8 && k >= 32 && m * n * k <= 1_000_000
}

extension BLAS {
  /// As `gemm`, by the library.
  package static func multiply(
    _ ta: Transposition, _ tb: Transposition, m: Int, n: Int, k: Int, alpha: Float = 1,
    _ a: UnsafePointer<Float>, lda: Int, _ b: UnsafePointer<Float>, ldb: Int, beta: Float = 0,
    _ c: UnsafeMutablePointer<Float>, ldc: Int
  ) {
    initialize()
    // CBLAS refuses strides of 0, which an operand without columns has
    cblas_sgemm(
      CblasRowMajor, ta.cblas, tb.cblas, blasint(m), blasint(n), blasint(k), alpha, a, blasint(Swift.max(lda, 1)), b,
      blasint(Swift.max(ldb, 1)), beta, c, blasint(ldc))
  }
}

/// C [m, n] = op(A) [m, k] * B [k, n] in double precision, on row-major blocks with row strides `lda`, `ldb`, `ldc`.
package func gemm(
  _ ta: Transposition = .none, m: Int, n: Int, k: Int, _ a: UnsafePointer<Double>, lda: Int,
  _ b: UnsafePointer<Double>, ldb: Int, _ c: UnsafeMutablePointer<Double>, ldc: Int
) {
  guard m > 0, n > 0, k > 0 else { return }
  DoubleProduct.multiply(
    m: m, n: n, k: k, a, rowStride: ta == .none ? lda : 1, innerStride: ta == .none ? 1 : lda, b, ldb: ldb, c, ldc: ldc)
}

/// C = alpha * op(A) * op(B) + beta * C; with beta 0 the old C is not read. Shapes must agree; O(m n k).
public func gemm(
  _ a: Matrix, _ ta: Transposition, _ b: Matrix, _ tb: Transposition, alpha: Float = 1, beta: Float = 0,
  into c: inout Matrix
) {
  let (m, k) = ta == .none ? (a.rows, a.columns) : (a.columns, a.rows)
  let (kb, n) = tb == .none ? (b.rows, b.columns) : (b.columns, b.rows)
  precondition(
    k == kb && c.rows == m && c.columns == n, "gemm of [\(m), \(k)] and [\(kb), \(n)] into [\(c.rows), \(c.columns)]")
  gemm(
    ta, tb, m: m, n: n, k: k, alpha: alpha, a.pointer, lda: a.columns, b.pointer, ldb: b.columns, beta: beta,
    c.mutablePointer, ldc: n)
}

/// C = alpha * A * B + beta * C.
public func gemm(_ a: Matrix, _ b: Matrix, alpha: Float = 1, beta: Float = 0, into c: inout Matrix) {
  gemm(a, .none, b, .none, alpha: alpha, beta: beta, into: &c)
}

/// y = alpha * A * x + beta * y.
public func gemv(_ a: Matrix, _ x: Vector, alpha: Float = 1, beta: Float = 0, into y: inout Vector) {
  gemv(a, .none, x, alpha: alpha, beta: beta, into: &y)
}

/// y = alpha * op(A) * x + beta * y; with beta 0 the old y is not read. Shapes must agree; O(rows * columns).
public func gemv(
  _ a: Matrix, _ ta: Transposition, _ x: Vector, alpha: Float = 1, beta: Float = 0, into y: inout Vector
) {
  let (m, n) = ta == .none ? (a.rows, a.columns) : (a.columns, a.rows)
  precondition(x.count == n && y.count == m, "gemv of [\(m), \(n)] by \(x.count) into \(y.count)")
  guard alpha != 1 else {
    return gemv(ta, rows: a.rows, columns: a.columns, a.pointer, x.pointer, beta: beta, y.mutablePointer)
  }
  var scaled = x
  for i in 0..<n { scaled[i] *= alpha }
  gemv(ta, rows: a.rows, columns: a.columns, a.pointer, scaled.pointer, beta: beta, y.mutablePointer)
}

/// y = beta * y, the product by a matrix without elements; with beta 0 the old y is not read.
package func scaleOrClear(_ y: UnsafeMutablePointer<Float>, count: Int, beta: Float) {
  for i in 0..<count { y[i] = beta == 0 ? 0 : beta * y[i] }
}
