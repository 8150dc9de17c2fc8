import Interfaces
import Kernels

extension LinearDynamics: PredictiveModel {
  /// One.
  public var memberCount: Int { 1 }

  public func predict(member: Int, states: Matrix, actions: Matrix) -> (
    means: Matrix, deviations: Matrix
  ) {
    let (count, size, width) = (states.rows, stateSize, coefficients.rows)
    precondition(
      states.columns == size && actions.columns == encoding.size && actions.rows == count,
      "states or actions of another shape")
    var (x, means) = (Matrix(rows: count, columns: width - 1), states)
    for r in 0..<count {
      let row = x.mutablePointer + r * (width - 1)
      row.update(from: states.pointer + r * size, count: size)
      encoding.encode(actions.pointer + r * encoding.size, into: row + size)
    }
    inputs.apply(x.mutablePointer, rows: count)
    for r in 0..<count {
      for j in 0..<size {
        means[r, j] += coefficients[width - 1, j]
        for i in 0..<width - 1 { means[r, j] += x[r, i] * coefficients[i, j] }
      }
    }
    return (means, Matrix(rows: count, columns: size, (0..<count).flatMap { _ in deviations }))
  }
}
