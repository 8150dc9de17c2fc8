import Interfaces
import Kernels

/// Finite-horizon linear-quadratic control: the backward pass from T to 0 that gives feedback K_t, k_t and value functions.
///
/// In homogeneous coordinates z = (x, 1, u) the problem has no affine terms: x̃' = F̃ z with x̃ = (x, 1), and costs
/// zᵀC̃z / 2. Each step is then, with W̃ = (W_xx, W_x; W_xᵀ, 2w) for the value function xᵀW_xx x / 2 + W_xᵀx + w,
///
///     Q̃ = C̃ + F̃ᵀ W̃_{t+1} F̃,   (K, k) = -Q_uu⁻¹ (Q_ux, Q_u),   W̃_t = Q̃_x̃x̃ - (Q_ux, Q_u)ᵀ Q_uu⁻¹ (Q_ux, Q_u)
///
/// (Bertsekas, "Dynamic Programming and Optimal Control", vol. 1, section 3.1). Q_uu is factored without pivoting as L D Lᵀ,
/// whose pivots are all positive exactly if it is positive definite. Regularization changes the feedback only; the value
/// functions are the true costs of following it (Tassa, Erez and Todorov 2012, equations 11). With bounds, k solves the
/// bounded problem at x = 0 and the rows of K of actions at a bound are zero (Tassa, Mansard and Todorov 2014).
///
/// O(T (n + m)³), all in padded scratch; a pass allocates nothing. One owner: copies share scratch, and so may be used in
/// turn, not at once.
public struct RiccatiRecursion {
  /// Number of steps, T.
  public let horizon: Int
  /// Numbers in a state, n.
  public let stateSize: Int
  /// Numbers in an action, m.
  public let actionSize: Int
  /// The feedback that the last solved pass found.
  public private(set) var law: FeedbackLaw
  /// W̃_t of all steps, [T + 1, paddedStates, paddedStates].
  private var values: [Double]
  private let scratch: RiccatiScratch
  private let bounded: BoundedGains

  /// Scratch for problems of this shape.
  public init(horizon: Int, stateSize: Int, actionSize: Int) {
    precondition(horizon > 0 && stateSize > 0 && actionSize > 0, "empty problem")
    self.horizon = horizon
    self.stateSize = stateSize
    self.actionSize = actionSize
    law = FeedbackLaw(horizon: horizon, stateSize: stateSize, actionSize: actionSize)
    scratch = RiccatiScratch(stateSize: stateSize, actionSize: actionSize)
    bounded = BoundedGains(scratch)
    values = Array(repeating: 0, count: (horizon + 1) * scratch.states * scratch.states)
  }

  /// W_xx at step `t` in 0...T, a copy.
  public func valueHessian(_ t: Int) -> DoubleMatrix {
    var result = DoubleMatrix(rows: stateSize, columns: stateSize)
    for i in 0..<stateSize { for j in 0..<stateSize { result[i, j] = value(t, i, j) } }
    return result
  }

  /// W_x at step `t` in 0...T, a copy.
  public func valueGradient(_ t: Int) -> [Double] { (0..<stateSize).map { value(t, stateSize, $0) } }

  /// w at step `t` in 0...T: the cost to go from x_t = 0.
  public func valueConstant(_ t: Int) -> Double { value(t, stateSize, stateSize) / 2 }

  private func value(_ t: Int, _ i: Int, _ j: Int) -> Double { values[(t * scratch.states + i) * scratch.states + j] }

  /// Solves `problem`, of this shape, for `law` and the value functions; unless solved, they hold nothing of use.
  public mutating func solve(
    _ problem: LinearQuadraticProblem, regularization: Regularization = Regularization()
  ) -> RiccatiOutcome {
    precondition(
      problem.horizon == horizon && problem.stateSize == stateSize && problem.actionSize == actionSize,
      "a problem of another shape")
    return withUnsafe(problem) { problem in
      law.gains.withUnsafeMutableBufferPointer { gains in
        law.offsets.withUnsafeMutableBufferPointer { offsets in
          values.withUnsafeMutableBufferPointer { [scratch, bounded, horizon] values -> RiccatiOutcome in
            guard let gains = gains.baseAddress, let offsets = offsets.baseAddress, let values = values.baseAddress
            else { return .notFinite(step: horizon) }
            let pass = RiccatiPass(
              problem: problem, scratch: scratch, bounded: bounded, regularization: regularization, horizon: horizon,
              gains: gains, offsets: offsets, values: values)
            return pass.run()
          }
        }
      }
    }
  }
}

/// Where a problem's numbers are.
struct ProblemPointers {
  let a: UnsafePointer<Double>
  let b: UnsafePointer<Double>
  let offsets: UnsafePointer<Double>
  let values: UnsafePointer<Double>
  let stateGradients: UnsafePointer<Double>
  let actionGradients: UnsafePointer<Double>
  let stateHessians: UnsafePointer<Double>
  let crossHessians: UnsafePointer<Double>
  let actionHessians: UnsafePointer<Double>
  let bounds: (low: UnsafePointer<Double>, high: UnsafePointer<Double>)?
}

private func withUnsafe<Result>(
  _ problem: LinearQuadraticProblem, _ body: (ProblemPointers) -> Result
) -> Result {
  // Each array is passed on as the pointer that Swift makes of an array argument, good until the call returns.
  func run(
    _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ offsets: UnsafePointer<Double>,
    _ values: UnsafePointer<Double>, _ q: UnsafePointer<Double>, _ r: UnsafePointer<Double>,
    _ xx: UnsafePointer<Double>, _ ux: UnsafePointer<Double>, _ uu: UnsafePointer<Double>,
    _ bounds: (low: UnsafePointer<Double>, high: UnsafePointer<Double>)?
  ) -> Result {
    body(
      ProblemPointers(
        a: a, b: b, offsets: offsets, values: values, stateGradients: q, actionGradients: r, stateHessians: xx,
        crossHessians: ux, actionHessians: uu, bounds: bounds))
  }
  func bounded(_ low: UnsafePointer<Double>, _ high: UnsafePointer<Double>) -> Result { inner((low, high)) }
  func inner(_ bounds: (low: UnsafePointer<Double>, high: UnsafePointer<Double>)?) -> Result {
    let (dynamics, costs) = (problem.dynamics, problem.costs)
    return run(
      dynamics.stateJacobians, dynamics.actionJacobians, problem.offsets, costs.values, costs.stateGradients,
      costs.actionGradients, costs.stateHessians, costs.crossHessians, costs.actionHessians, bounds)
  }
  if let bounds = problem.bounds { return bounded(bounds.low, bounds.high) }
  return inner(nil)
}
