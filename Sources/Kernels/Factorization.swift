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

  /// Columns that are reflected together: few enough that those of some thousand rows stay in the cache.
  private static let panel = 16

  /// Q [m, n] with orthonormal columns that span those of `a` [m, n], m >= n, signs fixed so that R has a diagonal that
  /// is not negative. Householder's reflections, all of them on `panel` columns at a time (left-looking): the matrix
  /// passes through memory once for each panel, not once for each column, with the same operations on every element.
  /// O(m n^2).
  static func orthonormalColumns(_ a: UnsafePointer<Double>, rows m: Int, columns n: Int) -> [Double] {
    var reflections = [Double](repeating: 0, count: m * n)  // v of reflection j in row j
    var scales = [Double](repeating: 0, count: n)
    var signs = [Double](repeating: 1, count: n)
    var columns = [Double](repeating: 0, count: m * panel)
    columns.withUnsafeMutableBufferPointer { columns in
      guard let columns = columns.baseAddress else { return }
      for start in stride(from: 0, to: n, by: panel) {
        let width = min(panel, n - start)
        for i in 0..<m { (columns + i * panel).update(from: a + i * n + start, count: width) }
        for j in 0..<start where scales[j] != 0 { reflect(columns, m, reflections, scales[j], of: j) }
        for j in start..<start + width {
          let column = columns + (j - start)
          var square = 0.0
          for i in j..<m { square = multiplyAdd(column[i * panel], column[i * panel], square) }
          let norm = square.squareRoot()
          guard norm > 0 else { continue }
          let head = column[j * panel]
          // the reflection takes the column to -sign(head) * norm
          let target = head < 0 ? norm : -norm
          signs[j] = target < 0 ? -1 : 1
          for i in j..<m { reflections[j * m + i] = column[i * panel] }
          reflections[j * m + j] = head - target
          scales[j] = 1 / (norm * (norm + abs(head)))
          reflect(columns, m, reflections, scales[j], of: j)
        }
      }
    }
    var q = [Double](repeating: 0, count: m * n)
    columns.withUnsafeMutableBufferPointer { columns in
      guard let columns = columns.baseAddress else { return }
      for start in stride(from: 0, to: n, by: panel) {
        let width = min(panel, n - start)
        columns.update(repeating: 0, count: m * panel)
        for j in start..<start + width { columns[j * panel + j - start] = signs[j] }
        for j in (0..<start + width).reversed() where scales[j] != 0 {
          reflect(columns, m, reflections, scales[j], of: j)
        }
        for i in 0..<m { for c in 0..<width { q[i * n + start + c] = columns[i * panel + c] } }
      }
    }
    return q
  }

  /// Applies 1 - scale v v' to `panel` columns of `m` rows. Columns that are zero from row j on stay as they are.
  private static func reflect(
    _ columns: UnsafeMutablePointer<Double>, _ m: Int, _ reflections: [Double], _ scale: Double, of j: Int
  ) {
    withUnsafeTemporaryAllocation(of: Double.self, capacity: panel) { weights in
      guard let weights = weights.baseAddress else { return }
      reflections.withUnsafeBufferPointer { reflections in
        weights.initialize(repeating: 0, count: panel)
        for i in j..<m { add(weights, columns + i * panel, panel, reflections[j * m + i]) }
        for i in j..<m { add(columns + i * panel, weights, panel, -scale * reflections[j * m + i]) }
      }
    }
  }
}
