/// y [rows] = A [rows, columns] x + beta * y, or transposed y [columns] = A' x + beta * y; row-major, no gaps. With beta 0
/// the old y is not read.
package func gemv(
  _ transposition: Transposition, rows: Int, columns: Int, _ a: UnsafePointer<Float>, _ x: UnsafePointer<Float>,
  beta: Float = 0, _ y: UnsafeMutablePointer<Float>
) {
  guard rows > 0, columns > 0 else {
    return scaleOrClear(y, count: transposition == .none ? rows : columns, beta: beta)
  }
  switch transposition {
  case .none: MatrixVector.plain(rows: rows, columns: columns, a, x, beta: beta, y)
  case .transposed: MatrixVector.transposed(rows: rows, columns: columns, a, x, beta: beta, y)
  }
}
