import Interfaces
import Kernels

extension PointMass {
  /// A [4, 4] of x' = A x + B u.
  public var stateMatrix: DoubleMatrix {
    var a = DoubleMatrix.identity(4)
    (a[0, 2], a[1, 3]) = (Self.timeStep, Self.timeStep)
    return a
  }

  /// B [4, 2] of x' = A x + B u.
  public var inputMatrix: DoubleMatrix {
    let (half, full) = (Self.timeStep * Self.timeStep / 2, Self.timeStep)
    return DoubleMatrix(rows: 4, columns: 2, [half, 0, 0, half, full, 0, 0, full])
  }

  /// Q [4, 4] of the cost xᵀQ x + uᵀR u.
  public var stateCost: DoubleMatrix {
    var q = DoubleMatrix(rows: 4, columns: 4)
    for index in 0..<4 { q[index, index] = index < 2 ? Self.positionCost : Self.velocityCost }
    return q
  }

  /// R [2, 2] of the cost xᵀQ x + uᵀR u.
  public var inputCost: DoubleMatrix {
    var r = DoubleMatrix.identity(2)
    for index in 0..<2 { r[index, index] = actionCost }
    return r
  }

  /// The best that can be done in `horizon` steps, by default a whole episode, ignoring the force limit.
  public func optimum(horizon: Int? = nil) throws(LinearAlgebraError) -> LinearQuadraticRegulator {
    try LinearQuadraticRegulator(
      stateMatrix: stateMatrix, inputMatrix: inputMatrix, stateCost: stateCost, inputCost: inputCost,
      horizon: horizon ?? spec.stepLimit)
  }
}
