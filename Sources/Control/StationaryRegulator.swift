import Kernels

/// Infinite-horizon linear-quadratic control: the feedback u = -K x that minimizes Σ xᵀQx + 2 xᵀSu + uᵀRu under
/// x' = A x + B u, and the least cost xᵀPx, where P is the stabilizing solution of the discrete Riccati equation
///
///     P = Q + AᵀPA - (AᵀPB + S)(R + BᵀPB)⁻¹(BᵀPA + Sᵀ)
///
/// found by the structure-preserving doubling algorithm (Chu, Fan, Lin and Wang, "Structure-preserving algorithms for
/// periodic discrete-time algebraic Riccati equations", 2004): iterate j knows the cost of 2^j steps, so that convergence is
/// quadratic. Two steps of policy iteration (Kleinman's, by Smith's doubling) take away what rounding did to it. O(n³) an
/// iteration; allocates.
public struct StationaryRegulator: Sendable {
  /// K [m, n].
  public let gain: DoubleMatrix
  /// P [n, n], symmetric.
  public let costToGo: DoubleMatrix
  /// Doublings that it took.
  public let iterations: Int

  /// How a solution ended.
  public enum Outcome: Sendable {
    /// The regulator.
    case solved(StationaryRegulator)
    /// R + BᵀPB or R is not positive definite.
    case indefinite
    /// No stabilizing solution was found in 64 doublings: (A, B) cannot be stabilized, or a mode on the unit circle costs
    /// nothing.
    case notConverged
    /// An input is NaN or infinite.
    case notFinite
  }

  private static let maximalIterations = 64
  private static let refinements = 2

  /// Σ (Aᵀ)^k W A^k for a stable A, by doubling (Smith 1968); nil if A is not stable.
  private static func cost(of w: DoubleMatrix, under a: DoubleMatrix) -> DoubleMatrix? {
    var (sum, power) = (w, a)
    for _ in 0..<maximalIterations {
      let added = (power.transposed * sum * power).symmetrized
      sum = sum + added
      power = power * power
      let size = sum.largest
      guard size.isFinite else { return nil }
      if added.largest <= 1e-17 * size { return sum }
    }
    return nil
  }

  /// Solves for A [n, n], B [n, m], Q [n, n] symmetric positive semidefinite, R [m, m] symmetric positive definite, S [n, m]
  /// (zero if nil).
  public static func solve(
    stateMatrix a: DoubleMatrix, inputMatrix b: DoubleMatrix, stateCost q: DoubleMatrix, inputCost r: DoubleMatrix,
    crossCost s: DoubleMatrix? = nil
  ) -> Outcome {
    let (n, m) = (a.rows, b.columns)
    precondition(a.columns == n && b.rows == n, "A \(a.rows)x\(a.columns), B \(b.rows)x\(b.columns)")
    precondition(q.rows == n && q.columns == n && r.rows == m && r.columns == m, "Q or R")
    let s = s ?? DoubleMatrix(rows: n, columns: m)
    precondition(s.rows == n && s.columns == m, "S \(s.rows)x\(s.columns)")
    for matrix in [a, b, q, r, s] where !matrix.elements.allSatisfy(\.isFinite) { return .notFinite }
    do throws(LinearAlgebraError) {
      // without the cross term: u = v - R⁻¹ Sᵀ x
      let weighted = try r.solvePositiveDefinite(s.transposed)
      var step = a - b * weighted
      var g = (b * (try r.solvePositiveDefinite(b.transposed))).symmetrized
      var h = (q - s * weighted).symmetrized
      for iteration in 1...maximalIterations {
        // M = (I + G H)⁻¹ by Gaussian elimination; A ← A M A, G ← G + A M G Aᵀ, H ← H + Aᵀ H M A
        let inverse = try (DoubleMatrix.identity(n) + g * h).solve(.identity(n))
        let shortened = inverse * step
        let added = (step.transposed * h * shortened).symmetrized
        g = (g + step * inverse * g * step.transposed).symmetrized
        step = step * shortened
        h = h + added
        let size = h.largest
        guard size.isFinite, step.largest.isFinite, g.largest.isFinite else { return .notConverged }
        if added.largest <= 1e-15 * max(size, .leastNormalMagnitude), step.largest <= 1e-7 {
          var (value, gain) = (h, DoubleMatrix(rows: m, columns: n))
          for refinement in 0...refinements {
            gain = try (r + (b.transposed * value * b)).symmetrized.solvePositiveDefinite(
              b.transposed * value * a + s.transposed)
            guard refinement < refinements else { break }
            let spent = (q - s * gain - gain.transposed * s.transposed + gain.transposed * r * gain).symmetrized
            guard let followed = cost(of: spent, under: a - b * gain) else { return .notConverged }
            value = followed
          }
          return .solved(StationaryRegulator(gain: gain, costToGo: value, iterations: iteration))
        }
      }
      return .notConverged
    } catch {
      if case .notPositiveDefinite = error { return .indefinite }
      return .notConverged
    }
  }
}

extension DoubleMatrix {
  /// Half of itself and its transpose.
  fileprivate var symmetrized: DoubleMatrix {
    var result = self
    for i in 0..<rows { for j in 0..<columns { result[i, j] = (self[i, j] + self[j, i]) / 2 } }
    return result
  }

  /// The largest magnitude; infinite if any is not finite.
  fileprivate var largest: Double { elements.reduce(0) { $1.isFinite ? max($0, abs($1)) : .infinity } }
}
