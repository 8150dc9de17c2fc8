import Control
import Interfaces
import Kernels

extension BenchCase {
  /// One backward and one forward pass of linear-quadratic control, on one thread.
  static let linearQuadraticIteration = BenchCase(
    name: "ilqr-iteration",
    summary: "one backward and one forward pass: 100 steps, 14 states, 7 actions, affine, double precision"
  ) { clock in
    let problem = iterationProblem(horizon: 100, states: 14, actions: 7)
    var recursion = RiccatiRecursion(horizon: 100, stateSize: 14, actionSize: 7)
    var (states, actions) = ([Double](repeating: 0, count: 101 * 14), [Double](repeating: 0, count: 100 * 7))
    let start = [Double](repeating: 1, count: 14)
    return try clock.measure("ilqr-iteration", metric: "passes", unit: "passes/s", amount: 1) {
      let outcome = recursion.solve(problem)
      guard case .solved = outcome else { throw UnsolvedProblem(outcome: outcome) }
      problem.rollOut(recursion.law, from: start, states: &states, actions: &actions)
    }
  }

  /// Dynamics near the identity, and convex costs with cross and linear terms; the state after the last step is free.
  private static func iterationProblem(horizon: Int, states n: Int, actions m: Int) -> LinearQuadraticProblem {
    var random = RandomStream(seed: 0)
    func normal(_ scale: Double) -> Double { scale * Double(random.normal()) }
    var problem = LinearQuadraticProblem(horizon: horizon, stateSize: n, actionSize: m)
    for t in 0..<horizon {
      for i in 0..<n {
        problem.offsets[t * n + i] = normal(0.01)
        problem.costs.stateGradients[t * n + i] = normal(0.1)
        for j in 0..<n { problem.dynamics.stateJacobians[(t * n + i) * n + j] = (i == j ? 1 : 0) + normal(0.02) }
        for j in 0..<m { problem.dynamics.actionJacobians[(t * n + i) * m + j] = normal(0.1) }
      }
      let size = n + m
      let root = DoubleMatrix(rows: size, columns: size, (0..<size * size).map { _ in normal(0.1) })
      let joint = root * root.transposed + .identity(size)
      for i in 0..<n { for j in 0..<n { problem.costs.stateHessians[(t * n + i) * n + j] = joint[i, j] } }
      for i in 0..<m {
        problem.costs.actionGradients[t * m + i] = normal(0.1)
        for j in 0..<n { problem.costs.crossHessians[(t * m + i) * n + j] = joint[n + i, j] }
        for j in 0..<m { problem.costs.actionHessians[(t * m + i) * m + j] = joint[n + i, n + j] }
      }
    }
    return problem
  }
}

private struct UnsolvedProblem: Error { let outcome: RiccatiOutcome }
