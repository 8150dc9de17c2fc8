private import COpenBLAS

/// Why a factorization or solution could not be had.
public enum LinearAlgebraError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The leading minor of this order (from 1) is not positive.
  case notPositiveDefinite(minor: Int)
  /// The pivot of this order (from 1) is exactly zero.
  case singular(pivot: Int)
  /// The iteration did not converge.
  case noConvergence
  /// An element of the input is NaN or infinite.
  case notFinite

  /// One sentence.
  public var description: String {
    switch self {
    case .notPositiveDefinite(let minor): "matrix is not positive definite: leading minor \(minor)"
    case .singular(let pivot): "matrix is singular: pivot \(pivot) is zero"
    case .noConvergence: "eigenvalue or singular value iteration did not converge"
    case .notFinite: "matrix has an element that is not finite"
    }
  }
}

/// Row-major `[rows, columns]` matrix in double precision, for control and statistics.
public struct DoubleMatrix: Sendable, Equatable {
  /// Number of rows.
  public let rows: Int
  /// Number of columns.
  public let columns: Int
  /// The elements, row by row.
  public var elements: [Double]

  /// A matrix of zeros.
  public init(rows: Int, columns: Int) {
    self.init(rows: rows, columns: columns, Array(repeating: 0, count: rows * columns))
  }

  /// A matrix of `elements`, given row by row.
  public init(rows: Int, columns: Int, _ elements: [Double]) {
    precondition(elements.count == rows * columns, "\(elements.count) elements for [\(rows), \(columns)]")
    self.rows = rows
    self.columns = columns
    self.elements = elements
  }

  /// The identity of order `order`.
  public static func identity(_ order: Int) -> DoubleMatrix {
    var result = DoubleMatrix(rows: order, columns: order)
    for i in 0..<order { result[i, i] = 1 }
    return result
  }

  /// Element access.
  @inlinable public subscript(row: Int, column: Int) -> Double {
    get { elements[row * columns + column] }
    set { elements[row * columns + column] = newValue }
  }

  /// Rows and columns exchanged.
  public var transposed: DoubleMatrix {
    var result = DoubleMatrix(rows: columns, columns: rows)
    for r in 0..<rows { for c in 0..<columns { result[c, r] = self[r, c] } }
    return result
  }

  /// Matrix product, O(rows * columns * other.columns).
  public static func * (left: DoubleMatrix, right: DoubleMatrix) -> DoubleMatrix {
    precondition(
      left.columns == right.rows, "product of [\(left.rows), \(left.columns)] and [\(right.rows), \(right.columns)]")
    var result = DoubleMatrix(rows: left.rows, columns: right.columns)
    guard !result.elements.isEmpty, left.columns > 0 else { return result }
    gemm(
      m: left.rows, n: right.columns, k: left.columns, left.elements, lda: left.columns, right.elements,
      ldb: right.columns, &result.elements, ldc: right.columns)
    return result
  }

  /// Element-wise sum.
  public static func + (left: DoubleMatrix, right: DoubleMatrix) -> DoubleMatrix {
    precondition(left.rows == right.rows && left.columns == right.columns, "sum of different shapes")
    return DoubleMatrix(rows: left.rows, columns: left.columns, zip(left.elements, right.elements).map { $0 + $1 })
  }

  /// Element-wise difference.
  public static func - (left: DoubleMatrix, right: DoubleMatrix) -> DoubleMatrix {
    precondition(left.rows == right.rows && left.columns == right.columns, "difference of different shapes")
    return DoubleMatrix(rows: left.rows, columns: left.columns, zip(left.elements, right.elements).map { $0 - $1 })
  }

  private func checkFinite() throws(LinearAlgebraError) {
    guard elements.allSatisfy(\.isFinite) else { throw .notFinite }
  }

  /// Lower triangular L with L L' = self, for a symmetric positive definite matrix. O(n^3 / 3).
  public func cholesky() throws(LinearAlgebraError) -> DoubleMatrix {
    precondition(rows == columns, "Cholesky of a [\(rows), \(columns)] matrix")
    try checkFinite()
    var factor = self
    if let minor = Factorization.cholesky(&factor.elements, order: rows) { throw .notPositiveDefinite(minor: minor) }
    return factor
  }

  /// X with self X = right, for a symmetric positive definite matrix (Cholesky). O(n^3).
  public func solvePositiveDefinite(_ right: DoubleMatrix) throws(LinearAlgebraError) -> DoubleMatrix {
    precondition(right.rows == rows, "right side has \(right.rows) rows, expected \(rows)")
    let factor = try cholesky()
    try right.checkFinite()
    var solution = right
    Factorization.solve(lower: factor.elements, order: rows, &solution.elements, columns: right.columns)
    return solution
  }

  /// X with self X = right, for a square matrix (Gaussian elimination with row exchanges). O(n^3).
  public func solve(_ right: DoubleMatrix) throws(LinearAlgebraError) -> DoubleMatrix {
    precondition(rows == columns && right.rows == rows, "[\(rows), \(columns)] X = [\(right.rows), ...]")
    try checkFinite()
    try right.checkFinite()
    var (factor, solution) = (elements, right)
    if let pivot = Factorization.solve(&factor, order: rows, &solution.elements, columns: right.columns) {
      throw .singular(pivot: pivot)
    }
    return solution
  }

  /// Eigenvalues in ascending order and orthonormal eigenvectors in the columns, for a symmetric matrix (LAPACK dsyevd; our own
  /// `SmallSymmetricEigen` up to order 64).
  public func symmetricEigen() throws(LinearAlgebraError) -> (values: [Double], vectors: DoubleMatrix) {
    precondition(rows == columns, "eigenvalues of a [\(rows), \(columns)] matrix")
    try checkFinite()
    if rows <= SmallSymmetricEigen.largest {
      guard let (values, vectors) = SmallSymmetricEigen.solve(elements, order: rows) else { throw .noConvergence }
      return (values, DoubleMatrix(rows: rows, columns: rows, vectors))
    }
    BLAS.initialize()
    var vectors = self
    var values = [Double](repeating: 0, count: rows)
    let info = LAPACKE_dsyevd(
      LAPACK_ROW_MAJOR, 0x56, 0x4C, Int32(rows), &vectors.elements, Int32(Swift.max(rows, 1)), &values)
    guard info == 0 else { throw .noConvergence }
    return (values, vectors)
  }

  /// Least-squares solution X [columns, k] of self X = right [rows, k] of smallest norm, and the numerical rank
  /// (singular value decomposition, LAPACK dgelsd). Singular values below `tolerance` times the largest count as zero;
  /// the default is machine precision.
  public func leastSquares(
    _ right: DoubleMatrix, tolerance: Double = -1
  ) throws(LinearAlgebraError) -> (solution: DoubleMatrix, rank: Int) {
    precondition(right.rows == rows, "right side has \(right.rows) rows, expected \(rows)")
    try checkFinite()
    try right.checkFinite()
    BLAS.initialize()
    let tall = Swift.max(rows, columns)
    var a = elements
    var b = right.elements + Array(repeating: 0, count: (tall - rows) * right.columns)
    var singular = [Double](repeating: 0, count: Swift.max(Swift.min(rows, columns), 1))
    var rank: Int32 = 0
    let info = LAPACKE_dgelsd(
      LAPACK_ROW_MAJOR, Int32(rows), Int32(columns), Int32(right.columns), &a, Int32(columns), &b,
      Int32(right.columns), &singular, tolerance, &rank)
    guard info == 0 else { throw .noConvergence }
    return (
      DoubleMatrix(rows: columns, columns: right.columns, Array(b[0..<columns * right.columns])), Int(rank)
    )
  }

  /// Q with orthonormal columns spanning the columns of a [rows >= columns] matrix, signs fixed so that R has a positive
  /// diagonal (Householder's reflections).
  public func orthonormalColumns() throws(LinearAlgebraError) -> DoubleMatrix {
    precondition(rows >= columns, "a [\(rows), \(columns)] matrix has more columns than rows")
    try checkFinite()
    return DoubleMatrix(
      rows: rows, columns: columns, Factorization.orthonormalColumns(elements, rows: rows, columns: columns))
  }
}
