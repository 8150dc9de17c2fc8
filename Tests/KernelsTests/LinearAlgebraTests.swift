import Foundation
import Kernels
import Testing

@Suite struct LinearAlgebraTests {
  private func positiveDefinite(_ order: Int, seed: UInt64) -> DoubleMatrix {
    let root = drawnDoubles(order, order + 3, seed: seed)
    return root * root.transposed + DoubleMatrix.identity(order)
  }

  @Test(arguments: [(1, 1, 1), (3, 4, 5), (2, 7, 1), (2, 3, 0)]) func product(_ m: Int, _ n: Int, _ k: Int) {
    let (a, b) = (drawnDoubles(m, k, seed: 1), drawnDoubles(k, n, seed: 2))
    var expected = DoubleMatrix(rows: m, columns: n)
    for i in 0..<m { for j in 0..<n { for l in 0..<k { expected[i, j] += a[i, l] * b[l, j] } } }
    #expect(worstGap(a * b, expected) < 1e-13)
    #expect(worstGap((a * b).transposed, b.transposed * a.transposed) < 1e-13)
    #expect(worstGap(a + a - a, a) < 1e-15)
  }

  @Test(arguments: [1, 2, 5, 30]) func choleskyFactorMultipliesBack(_ order: Int) throws {
    let matrix = positiveDefinite(order, seed: 3)
    let factor = try matrix.cholesky()
    #expect(worstGap(factor * factor.transposed, matrix) < 1e-11)
    for r in 0..<order { for c in 0..<order { #expect(c <= r || factor[r, c] == 0) } }
    for i in 0..<order { #expect(factor[i, i] > 0) }
  }

  @Test func choleskyNamesTheFailingMinor() {
    var matrix = DoubleMatrix.identity(4)
    matrix[2, 2] = -1
    #expect(throws: LinearAlgebraError.notPositiveDefinite(minor: 3)) { try matrix.cholesky() }
    #expect(throws: LinearAlgebraError.notPositiveDefinite(minor: 3)) {
      try matrix.solvePositiveDefinite(DoubleMatrix(rows: 4, columns: 1))
    }
    // singular: the second leading minor is 0
    let singular = DoubleMatrix(rows: 2, columns: 2, [1, 1, 1, 1])
    #expect(throws: LinearAlgebraError.notPositiveDefinite(minor: 2)) { try singular.cholesky() }
  }

  @Test(arguments: [(1, 1), (4, 3), (25, 2)]) func solution(_ order: Int, _ columns: Int) throws {
    let matrix = positiveDefinite(order, seed: 4)
    let right = drawnDoubles(order, columns, seed: 5)
    let solution = try matrix.solvePositiveDefinite(right)
    #expect(worstGap(matrix * solution, right) < 1e-10)
  }

  @Test(arguments: [1, 2, 6, 31, 64, 65]) func eigenvectors(_ order: Int) throws {
    let root = drawnDoubles(order, order, seed: 6)
    let matrix = root + root.transposed
    let (values, vectors) = try matrix.symmetricEigen()
    #expect(values == values.sorted() && values.count == order)
    #expect(worstGap(vectors.transposed * vectors, .identity(order)) < 1e-12)
    var diagonal = DoubleMatrix(rows: order, columns: order)
    for i in 0..<order { diagonal[i, i] = values[i] }
    #expect(worstGap(vectors * diagonal * vectors.transposed, matrix) < 1e-11)
  }

  /// Eigenvalues over ten magnitudes, some of them equal, in a turned basis.
  @Test(arguments: [5, 23, 64]) func gradedAndEqualEigenvalues(_ order: Int) throws {
    let (_, basis) = try (drawnDoubles(order, order, seed: 14) + drawnDoubles(order, order, seed: 14).transposed)
      .symmetricEigen()
    var diagonal = DoubleMatrix(rows: order, columns: order)
    for i in 0..<order { diagonal[i, i] = pow(10, -Double(i / 2 * 20 / order)) }
    let (values, vectors) = try (basis * diagonal * basis.transposed).symmetricEigen()
    for i in 0..<order { #expect(abs(values[order - 1 - i] - diagonal[i, i]) < 1e-14 * Double(order)) }
    #expect(worstGap(vectors.transposed * vectors, .identity(order)) < 1e-12)
  }

  @Test func eigenvaluesOfMatricesThatAreTridiagonalAlready() throws {
    // 2 on the diagonal and -1 beside it: 2 - 2 cos(kπ / (n + 1))
    let order = 12
    var matrix = DoubleMatrix(rows: order, columns: order)
    for i in 0..<order { matrix[i, i] = 2 }
    for i in 1..<order { (matrix[i, i - 1], matrix[i - 1, i]) = (-1, -1) }
    let values = try matrix.symmetricEigen().values
    for k in 1...order { #expect(abs(values[k - 1] - (2 - 2 * cos(Double(k) * .pi / 13))) < 1e-13) }
    let zeros = try DoubleMatrix(rows: 4, columns: 4).symmetricEigen()
    #expect(zeros.values == [0, 0, 0, 0] && zeros.vectors == .identity(4))
    var rankOne = DoubleMatrix(rows: 3, columns: 3)
    for i in 0..<3 { for j in 0..<3 { rankOne[i, j] = 1 } }
    let found = try rankOne.symmetricEigen().values
    #expect(abs(found[0]) < 1e-14 && abs(found[1]) < 1e-14 && abs(found[2] - 3) < 1e-14)
  }

  @Test func knownEigenvalues() throws {
    let (values, _) = try DoubleMatrix(rows: 2, columns: 2, [2, 1, 1, 2]).symmetricEigen()
    #expect(abs(values[0] - 1) < 1e-14 && abs(values[1] - 3) < 1e-14)
  }

  @Test(arguments: [(8, 3, 2), (5, 5, 1), (40, 7, 4)]) func leastSquaresSolvesTheNormalEquations(
    _ rows: Int, _ columns: Int, _ right: Int
  ) throws {
    let (a, b) = (drawnDoubles(rows, columns, seed: 7), drawnDoubles(rows, right, seed: 8))
    let (solution, rank) = try a.leastSquares(b)
    #expect(rank == columns)
    let residual = a.transposed * (a * solution - b)
    #expect(worstGap(residual, DoubleMatrix(rows: columns, columns: right)) < 1e-10)
  }

  @Test func leastSquaresOfFullRowRankHasTheSmallestNorm() throws {
    let (a, b) = (drawnDoubles(3, 8, seed: 9), drawnDoubles(3, 2, seed: 10))
    let (solution, rank) = try a.leastSquares(b)
    #expect(rank == 3 && solution.rows == 8)
    #expect(worstGap(a * solution, b) < 1e-12)
    // the smallest solution is A' (A A')^-1 b
    let smallest = a.transposed * (try (a * a.transposed).solvePositiveDefinite(b))
    #expect(worstGap(solution, smallest) < 1e-11)
  }

  @Test func rankDeficientLeastSquares() throws {
    // third column = first + second
    var a = drawnDoubles(6, 3, seed: 11)
    for r in 0..<6 { a[r, 2] = a[r, 0] + a[r, 1] }
    let b = drawnDoubles(6, 1, seed: 12)
    let (solution, rank) = try a.leastSquares(b)
    #expect(rank == 2)
    #expect(worstGap(a.transposed * (a * solution - b), DoubleMatrix(rows: 3, columns: 1)) < 1e-11)
    // smallest norm: no component along the null space (1, 1, -1)
    #expect(abs(solution[0, 0] + solution[1, 0] - solution[2, 0]) < 1e-12)
    let zero = try DoubleMatrix(rows: 4, columns: 2).leastSquares(drawnDoubles(4, 1, seed: 13))
    #expect(zero.rank == 0 && zero.solution.elements.allSatisfy { $0 == 0 })
  }

  @Test func toleranceDecidesTheRank() throws {
    let a = DoubleMatrix(rows: 2, columns: 2, [1, 0, 0, 1e-4])
    let b = DoubleMatrix(rows: 2, columns: 1, [1, 1])
    #expect(try a.leastSquares(b).rank == 2)
    #expect(try a.leastSquares(b, tolerance: 1e-3).rank == 1)
  }

  @Test(arguments: [(1, 1), (5, 5), (9, 4), (40, 16), (40, 17), (70, 50)]) func orthonormalColumns(
    _ rows: Int, _ columns: Int
  ) throws {
    let a = drawnDoubles(rows, columns, seed: 14)
    let q = try a.orthonormalColumns()
    #expect(worstGap(q.transposed * q, .identity(columns)) < 1e-13)
    let r = q.transposed * a
    #expect(worstGap(q * r, a) < 1e-12)
    for i in 0..<columns {
      #expect(r[i, i] > 0)
      for j in 0..<i { #expect(abs(r[i, j]) < 1e-12) }
    }
  }

  @Test(arguments: [Double.nan, .infinity]) func valuesThatAreNotFiniteAreRefused(_ bad: Double) {
    var matrix = DoubleMatrix.identity(3)
    let right = DoubleMatrix(rows: 3, columns: 1, [1, 2, 3])
    let badRight = DoubleMatrix(rows: 3, columns: 1, [1, bad, 3])
    #expect(throws: LinearAlgebraError.notFinite) { try matrix.solvePositiveDefinite(badRight) }
    #expect(throws: LinearAlgebraError.notFinite) { try matrix.leastSquares(badRight) }
    matrix[2, 0] = bad
    #expect(throws: LinearAlgebraError.notFinite) { try matrix.cholesky() }
    #expect(throws: LinearAlgebraError.notFinite) { try matrix.solvePositiveDefinite(right) }
    #expect(throws: LinearAlgebraError.notFinite) { try matrix.symmetricEigen() }
    #expect(throws: LinearAlgebraError.notFinite) { try matrix.leastSquares(right) }
    #expect(throws: LinearAlgebraError.notFinite) { try matrix.orthonormalColumns() }
  }

  @Test func emptyMatrices() throws {
    let empty = DoubleMatrix(rows: 0, columns: 0)
    #expect(try empty.cholesky() == empty)
    #expect(try empty.symmetricEigen().values.isEmpty)
    let nothing = try DoubleMatrix(rows: 4, columns: 2).leastSquares(DoubleMatrix(rows: 4, columns: 0))
    #expect(nothing.solution.rows == 2 && nothing.solution.columns == 0)
    #expect(try DoubleMatrix(rows: 3, columns: 0).leastSquares(DoubleMatrix(rows: 3, columns: 1)).rank == 0)
    #expect(try DoubleMatrix.identity(2).solvePositiveDefinite(DoubleMatrix(rows: 2, columns: 0)).columns == 0)
  }
}
