/// Factorizations of small matrices in double precision, row-major without gaps. Rows are changed by multiples of other
/// rows, so that every element is one chain of operations whatever the width of the processor's vectors; LAPACK's
/// depend on which kernels BLAS has chosen for the processor.
enum Factorization {
  /// y[i] += factor * x[i], rounded once where the build says that it is one instruction.
  @inline(__always)
  static func add(_ y: UnsafeMutablePointer<Double>, _ x: UnsafePointer<Double>, _ count: Int, _ factor: Double) {
    for i in 0..<count { y[i] = multiplyAdd(factor, x[i], y[i]) }
  }

  /// a * b + c, in one instruction where the build says so.
  @inline(__always)
  static func multiplyAdd(_ a: Double, _ b: Double, _ c: Double) -> Double {
    #if FORESIGHT_FMA
    c.addingProduct(a, b)
    #else
    a * b + c
    #endif
  }

  /// Overwrites a symmetric matrix, of which only the lower triangle is read, by the lower triangular L with L L' equal
  /// to it (and zeros). The order of the first leading minor that is not positive, or nil. O(n^3 / 3).
  static func cholesky(_ a: UnsafeMutablePointer<Double>, order n: Int) -> Int? {
    var column = [Double](repeating: 0, count: n)
    return column.withUnsafeMutableBufferPointer { column in
      guard let column = column.baseAddress else { return nil }
      for j in 0..<n {
        let pivot = a[j * n + j]
        guard pivot > 0 else { return j + 1 }
        let root = pivot.squareRoot()
        a[j * n + j] = root
        for i in j + 1..<max(n, j + 1) {
          a[i * n + j] /= root
          column[i] = a[i * n + j]
          a[j * n + i] = 0
        }
        for i in j + 1..<max(n, j + 1) { add(a + i * n + j + 1, column + j + 1, i - j, -column[i]) }
      }
      return nil
    }
  }

  /// Overwrites `x` [n, k] by the X with L L' X = x. O(n^2 k).
  static func solve(lower l: UnsafePointer<Double>, order n: Int, _ x: UnsafeMutablePointer<Double>, columns k: Int) {
    for i in 0..<n {
      for j in 0..<i { add(x + i * k, x + j * k, k, -l[i * n + j]) }
      for c in 0..<k { x[i * k + c] /= l[i * n + i] }
    }
    for i in (0..<n).reversed() {
      for j in i + 1..<max(n, i + 1) { add(x + i * k, x + j * k, k, -l[j * n + i]) }
      for c in 0..<k { x[i * k + c] /= l[i * n + i] }
    }
  }

  /// Overwrites `x` [n, k] by the X with A X = x, and A by other numbers: Gaussian elimination in which the first of
  /// the largest elements of a column is the pivot. The order of the first pivot that is zero, or nil. O(n^3 + n^2 k).
  static func solve(
    _ a: UnsafeMutablePointer<Double>, order n: Int, _ x: UnsafeMutablePointer<Double>, columns k: Int
  ) -> Int? {
    for j in 0..<n {
      var best = j
      for i in j + 1..<max(n, j + 1) where abs(a[i * n + j]) > abs(a[best * n + j]) { best = i }
      guard a[best * n + j] != 0 else { return j + 1 }
      if best != j {
        for c in 0..<n { swap(a, j * n + c, best * n + c) }
        for c in 0..<k { swap(x, j * k + c, best * k + c) }
      }
      for i in j + 1..<max(n, j + 1) {
        let factor = a[i * n + j] / a[j * n + j]
        add(a + i * n + j + 1, a + j * n + j + 1, n - j - 1, -factor)
        add(x + i * k, x + j * k, k, -factor)
      }
    }
    for i in (0..<n).reversed() {
      for j in i + 1..<max(n, i + 1) { add(x + i * k, x + j * k, k, -a[i * n + j]) }
      for c in 0..<k { x[i * k + c] /= a[i * n + i] }
    }
    return nil
  }

  private static func swap(_ a: UnsafeMutablePointer<Double>, _ i: Int, _ j: Int) {
    let kept = a[i]
    a[i] = a[j]
    a[j] = kept
  }

  /// Q [m, n] with orthonormal columns that span those of `a` [m, n], m >= n, signs fixed so that R has a diagonal that
  /// is not negative; `a` is overwritten. Householder's reflections. O(m n^2).
  static func orthonormalColumns(_ a: UnsafeMutablePointer<Double>, rows m: Int, columns n: Int) -> [Double] {
    var reflections = [Double](repeating: 0, count: m * n)  // v of reflection j in row j
    var scales = [Double](repeating: 0, count: n)
    var signs = [Double](repeating: 1, count: n)
    var weights = [Double](repeating: 0, count: n)
    for j in 0..<n {
      var square = 0.0
      for i in j..<m { square = multiplyAdd(a[i * n + j], a[i * n + j], square) }
      let norm = square.squareRoot()
      guard norm > 0 else { continue }
      let head = a[j * n + j]
      // the reflection takes the column to -sign(head) * norm
      let target = head < 0 ? norm : -norm
      signs[j] = target < 0 ? -1 : 1
      for i in j..<m { reflections[j * m + i] = a[i * n + j] }
      reflections[j * m + j] = head - target
      scales[j] = 1 / (norm * (norm + abs(head)))
      reflect(a, from: j, m, n, reflections, scales[j], of: j, &weights)
    }
    var q = [Double](repeating: 0, count: m * n)
    for j in 0..<n { q[j * n + j] = signs[j] }
    q.withUnsafeMutableBufferPointer { q in
      guard let q = q.baseAddress else { return }
      for j in (0..<n).reversed() where scales[j] != 0 {
        reflect(q, from: j, m, n, reflections, scales[j], of: j, &weights)
      }
    }
    return q
  }

  /// Applies 1 - scale v v' to the rows and columns from `first` on.
  private static func reflect(
    _ a: UnsafeMutablePointer<Double>, from first: Int, _ m: Int, _ n: Int, _ reflections: [Double], _ scale: Double,
    of j: Int, _ weights: inout [Double]
  ) {
    let width = n - first
    weights.withUnsafeMutableBufferPointer { weights in
      guard let weights = weights.baseAddress else { return }
      weights.update(repeating: 0, count: width)
      for i in j..<m { add(weights, a + i * n + first, width, reflections[j * m + i]) }
      for i in j..<m { add(a + i * n + first, weights, width, -scale * reflections[j * m + i]) }
    }
  }
}
