/// Eigenvalues and eigenvectors of a small symmetric matrix: Householder's tridiagonalization and the implicit QL
/// iteration (Golub and Van Loan, "Matrix Computations", 4th edition, sections 8.3.1 and 8.3.3).
///
/// The rotations of the iteration act on pairs of rows of the transposed eigenvectors, which are contiguous and padded
/// to whole vector registers: at orders of some tens that takes about half of LAPACK's time, whose rotations go through
/// the matrix column by column.
struct SmallSymmetricEigen {
  /// Largest order that it is used for.
  static let largest = 64
  private static let iterations = 60

  private let order: Int
  /// Row stride of both matrices, a multiple of eight.
  private let stride: Int
  /// The matrix, reduced in place; zeros fill the rows.
  private let matrix: UnsafeMutablePointer<Double>
  /// Eigenvectors in rows.
  private let vectors: UnsafeMutablePointer<Double>
  private let diagonal: UnsafeMutablePointer<Double>
  private let offDiagonal: UnsafeMutablePointer<Double>
  /// β of each reflection 1 - β v vᵀ.
  private let scales: UnsafeMutablePointer<Double>
  private let scratch: UnsafeMutablePointer<Double>

  /// Eigenvalues in ascending order and eigenvectors in columns of the symmetric `elements` [n, n]; nil if the
  /// iteration does not converge. O(n³).
  static func solve(_ elements: [Double], order n: Int) -> (values: [Double], vectors: [Double])? {
    let stride = SmallMatrixKernels.padded(n)
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: (2 * n + 5) * stride) { buffer in
      buffer.initialize(repeating: 0)
      guard let base = buffer.baseAddress else { return ([], []) }
      let work = SmallSymmetricEigen(
        order: n, stride: stride, matrix: base, vectors: base + n * stride, diagonal: base + 2 * n * stride,
        offDiagonal: base + (2 * n + 1) * stride, scales: base + (2 * n + 2) * stride,
        scratch: base + (2 * n + 3) * stride)
      for i in 0..<n {
        for j in 0..<n { work.matrix[i * stride + j] = elements[i * n + j] }
      }
      work.reduce()
      work.accumulate()
      guard work.iterate() else { return nil }
      let ranks = (0..<n).sorted { work.diagonal[$0] < work.diagonal[$1] }
      var vectors = [Double](repeating: 0, count: n * n)
      for (j, rank) in ranks.enumerated() {
        for i in 0..<n { vectors[i * n + j] = work.vectors[rank * stride + i] }
      }
      return (ranks.map { work.diagonal[$0] }, vectors)
    }
  }

  /// Doubles of scratch that `solve(_:order:values:vectors:scratch:)` needs.
  static func scratchCount(order n: Int) -> Int { (2 * n + 5) * SmallMatrixKernels.padded(n) }

  /// The same without allocating, unsorted: eigenvalues [n] and eigenvectors in rows [n, n] of the symmetric `elements`
  /// [n, n]. False, with nothing written, if the iteration does not converge.
  static func solve(
    _ elements: UnsafePointer<Double>, order n: Int, values: UnsafeMutablePointer<Double>,
    vectors: UnsafeMutablePointer<Double>, scratch base: UnsafeMutablePointer<Double>
  ) -> Bool {
    let stride = SmallMatrixKernels.padded(n)
    base.update(repeating: 0, count: scratchCount(order: n))
    let work = SmallSymmetricEigen(
      order: n, stride: stride, matrix: base, vectors: base + n * stride, diagonal: base + 2 * n * stride,
      offDiagonal: base + (2 * n + 1) * stride, scales: base + (2 * n + 2) * stride,
      scratch: base + (2 * n + 3) * stride)
    for i in 0..<n { (work.matrix + i * stride).update(from: elements + i * n, count: n) }
    work.reduce()
    work.accumulate()
    guard work.iterate() else { return false }
    for i in 0..<n {
      values[i] = work.diagonal[i]
      (vectors + i * n).update(from: work.vectors + i * stride, count: n)
    }
    return true
  }

  /// Reduces the matrix to tridiagonal form T by reflections, which are left in its rows: matrix = Q T Qᵀ.
  private func reduce() {
    let (n, image) = (order, scratch + stride)
    for k in 0..<max(n - 1, 0) {
      // the column below the diagonal becomes the reflection's vector v in its place
      let (v, start) = (matrix + k * stride, (k + 1) & ~7)
      diagonal[k] = v[k]
      for j in start..<(k + 1) { v[j] = 0 }
      var tail = 0.0
      for i in (k + 1)..<n where i > k + 1 { tail += v[i] * v[i] }
      offDiagonal[k] = v[k + 1]
      scales[k] = 0
      guard tail > 0 else { continue }
      let head = v[k + 1]
      let norm = (head * head + tail).squareRoot()
      offDiagonal[k] = head > 0 ? -norm : norm
      v[k + 1] = head - offDiagonal[k]
      let scale = 2 / (tail + v[k + 1] * v[k + 1])
      scales[k] = scale

      // p = β A v, w = p - (β pᵀv / 2) v, A - v wᵀ - w vᵀ
      for j in start..<stride { image[j] = 0 }
      for i in (k + 1)..<n {
        let (weight, row) = (scale * v[i], matrix + i * stride)
        for j in start..<stride { image[j] += weight * row[j] }
      }
      var overlap = 0.0
      for i in (k + 1)..<n { overlap += image[i] * v[i] }
      overlap *= scale / 2
      for j in start..<stride { image[j] = j > k ? image[j] - overlap * v[j] : 0 }
      for i in (k + 1)..<n {
        let (x, y, row) = (v[i], image[i], matrix + i * stride)
        for j in start..<stride { row[j] -= x * image[j] + y * v[j] }
      }
    }
    if n > 0 { diagonal[n - 1] = matrix[(n - 1) * stride + n - 1] }
  }

  /// Writes Qᵀ, the product of the reflections, into `vectors`.
  private func accumulate() {
    let (n, image) = (order, scratch)
    for i in 0..<n { vectors[i * stride + i] = 1 }
    for k in (0..<max(n - 1, 0)).reversed() where scales[k] > 0 {
      let (v, start) = (matrix + k * stride, (k + 1) & ~7)
      for j in start..<stride { image[j] = 0 }
      for i in (k + 1)..<n {
        let (weight, row) = (scales[k] * v[i], vectors + i * stride)
        for j in start..<stride { image[j] += weight * row[j] }
      }
      for i in (k + 1)..<n {
        let (weight, row) = (v[i], vectors + i * stride)
        for j in start..<stride { row[j] -= weight * image[j] }
      }
    }
    for i in 0..<n {
      for j in 0..<i {
        (vectors[i * stride + j], vectors[j * stride + i]) = (vectors[j * stride + i], vectors[i * stride + j])
      }
    }
  }

  /// Drives the off-diagonal elements to zero one after the other. False if one takes too many iterations.
  private func iterate() -> Bool {
    for first in 0..<order {
      var count = 0
      while true {
        var last = first
        while last < order - 1 {
          let size = abs(diagonal[last]) + abs(diagonal[last + 1])
          if abs(offDiagonal[last]) <= Double.ulpOfOne / 2 * size { break }
          last += 1
        }
        if last == first { break }
        count += 1
        guard count <= Self.iterations else { return false }
        step(first, last)
      }
    }
    return true
  }

  /// An implicit QL step with Wilkinson's shift on rows `first` to `last`.
  private func step(_ first: Int, _ last: Int) {
    let half = (diagonal[first + 1] - diagonal[first]) / (2 * offDiagonal[first])
    let length = (half * half + 1).squareRoot()
    var g = diagonal[last] - diagonal[first] + offDiagonal[first] / (half + (half < 0 ? -length : length))
    var (s, c, p) = (1.0, 1.0, 0.0)
    var i = last - 1
    while i >= first {
      let (f, b) = (s * offDiagonal[i], c * offDiagonal[i])
      let r = (f * f + g * g).squareRoot()
      offDiagonal[i + 1] = r
      if r == 0 {
        // the matrix splits here
        diagonal[i + 1] -= p
        offDiagonal[last] = 0
        return
      }
      let inverse = 1 / r
      (s, c) = (f * inverse, g * inverse)
      g = diagonal[i + 1] - p
      let t = (diagonal[i] - g) * s + 2 * c * b
      p = s * t
      diagonal[i + 1] = g + p
      g = c * t - b
      SmallMatrixKernels.rotate(
        vectors: stride / SmallMatrixKernels.width, cosine: c, sine: s, vectors + i * stride, vectors + (i + 1) * stride
      )
      i -= 1
    }
    diagonal[first] -= p
    offDiagonal[first] = g
    offDiagonal[last] = 0
  }
}
