import Kernels

/// The optimal control of x' = A x + B u under the cost Σ xᵀQ x + uᵀR u over a fixed number of steps, the state after the
/// last step costing nothing.
///
/// Backward Riccati recursion from P_H = 0 (Bertsekas, "Dynamic Programming and Optimal Control", vol. 1, section 3.1):
///
///     K_t = (R + Bᵀ P_{t+1} B)⁻¹ Bᵀ P_{t+1} A,    P_t = Q + Aᵀ P_{t+1} (A - B K_t)
///
/// so that u_t = -K_t x_t is optimal and x_tᵀ P_t x_t is the least cost from step t on.
public struct LinearQuadraticRegulator: Sendable {
  /// K_t [actions, states], for t in 0..<horizon.
  public let gains: [DoubleMatrix]
  /// P_t [states, states], symmetric, for t in 0...horizon.
  public let costsToGo: [DoubleMatrix]

  /// Solves for A [n, n], B [n, m], Q [n, n] symmetric and positive semidefinite, R [m, m] symmetric and positive
  /// definite. O(horizon n³). Throws if R + BᵀPB is not positive definite.
  public init(
    stateMatrix a: DoubleMatrix, inputMatrix b: DoubleMatrix, stateCost q: DoubleMatrix, inputCost r: DoubleMatrix,
    horizon: Int
  ) throws(LinearAlgebraError) {
    precondition(a.rows == a.columns && b.rows == a.rows, "A \(a.rows)x\(a.columns), B \(b.rows)x\(b.columns)")
    precondition(q.rows == a.rows && q.columns == a.rows && r.rows == b.columns && r.columns == b.columns, "Q or R")
    precondition(horizon >= 0, "horizon \(horizon)")
    var costToGo = DoubleMatrix(rows: a.rows, columns: a.rows)
    var (gains, costsToGo) = ([DoubleMatrix](), [costToGo])
    for _ in 0..<horizon {
      let weighted = b.transposed * costToGo  // Bᵀ P
      let gain = try (r + weighted * b).solvePositiveDefinite(weighted * a)
      costToGo = q + a.transposed * costToGo * (a - b * gain)
      // rounding must not add up to an asymmetric P
      for row in 0..<a.rows {
        for column in 0..<row {
          let mean = (costToGo[row, column] + costToGo[column, row]) / 2
          (costToGo[row, column], costToGo[column, row]) = (mean, mean)
        }
      }
      gains.append(gain)
      costsToGo.append(costToGo)
    }
    self.gains = gains.reversed()
    self.costsToGo = costsToGo.reversed()
  }

  /// The optimal action u = -K_t x in state `x` at step `t`.
  public func action(at t: Int = 0, in x: [Double]) -> [Double] {
    (gains[t] * DoubleMatrix(rows: x.count, columns: 1, x)).elements.map { -$0 }
  }

  /// The best return from state `x` at step `t` to the end, -xᵀ P_t x.
  public func value(at t: Int = 0, of x: [Double]) -> Double {
    let column = DoubleMatrix(rows: x.count, columns: 1, x)
    return -(column.transposed * costsToGo[t] * column)[0, 0]
  }
}
