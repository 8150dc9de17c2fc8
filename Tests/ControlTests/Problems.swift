import Control
import Interfaces
import Kernels

/// Random problems, and the textbook recursion on dense matrices as their oracle.
enum Problems {
  static func normal(_ count: Int, _ scale: Double, _ random: inout RandomStream) -> [Double] {
    (0..<count).map { _ in scale * Double(random.normal()) }
  }

  /// A positive definite matrix of order `n`: I + X'X / n.
  static func positive(_ n: Int, _ random: inout RandomStream) -> DoubleMatrix {
    let x = DoubleMatrix(rows: n, columns: n, normal(n * n, 1 / Double(n).squareRoot(), &random))
    return .identity(n) + x.transposed * x
  }

  /// Dynamics near the identity, costs jointly convex in state and action, with cross and affine terms everywhere.
  static func convex(horizon: Int, states n: Int, actions m: Int, seed: UInt64) -> LinearQuadraticProblem {
    var random = RandomStream(seed: seed)
    var problem = LinearQuadraticProblem(horizon: horizon, stateSize: n, actionSize: m)
    for t in 0...horizon {
      let joint = positive(n + m, &random)
      let gradient = normal(n + m, 0.3, &random)
      for i in 0..<n {
        problem.costs.stateGradients[t * n + i] = gradient[i]
        for j in 0..<n { problem.costs.stateHessians[(t * n + i) * n + j] = joint[i, j] }
      }
      for i in 0..<m {
        problem.costs.actionGradients[t * m + i] = gradient[n + i]
        for j in 0..<n { problem.costs.crossHessians[(t * m + i) * n + j] = joint[n + i, j] }
        for j in 0..<m { problem.costs.actionHessians[(t * m + i) * m + j] = joint[n + i, n + j] }
      }
      problem.costs.values[t] = Double(random.normal())
      guard t < horizon else { break }
      let a = DoubleMatrix.identity(n) + DoubleMatrix(rows: n, columns: n, normal(n * n, 0.1, &random))
      problem.dynamics.stateJacobians.replaceSubrange(t * n * n..<(t + 1) * n * n, with: a.elements)
      problem.dynamics.actionJacobians.replaceSubrange(t * n * m..<(t + 1) * n * m, with: normal(n * m, 0.3, &random))
      problem.offsets.replaceSubrange(t * n..<(t + 1) * n, with: normal(n, 0.1, &random))
    }
    return problem
  }

  /// The cost of actions from `start`, term by term.
  static func cost(_ problem: LinearQuadraticProblem, from start: [Double], _ actions: [Double]) -> Double {
    let (n, m, costs) = (problem.stateSize, problem.actionSize, problem.costs)
    var (x, total) = (start, 0.0)
    for t in 0...problem.horizon {
      total += costs.values[t]
      for i in 0..<n {
        total += costs.stateGradients[t * n + i] * x[i]
        for j in 0..<n { total += x[i] * costs.stateHessians[(t * n + i) * n + j] * x[j] / 2 }
      }
      guard t < problem.horizon else { break }
      let u = Array(actions[t * m..<(t + 1) * m])
      for i in 0..<m {
        total += costs.actionGradients[t * m + i] * u[i]
        for j in 0..<n { total += u[i] * costs.crossHessians[(t * m + i) * n + j] * x[j] }
        for j in 0..<m { total += u[i] * costs.actionHessians[(t * m + i) * m + j] * u[j] / 2 }
      }
      x = (0..<n).map { i in
        var next = problem.offsets[t * n + i]
        for j in 0..<n { next += problem.dynamics.stateJacobians[(t * n + i) * n + j] * x[j] }
        for j in 0..<m { next += problem.dynamics.actionJacobians[(t * n + i) * m + j] * u[j] }
        return next
      }
    }
    return total
  }

  /// K_t, k_t, value Hessians and gradients by the textbook recursion.
  static func oracle(_ problem: LinearQuadraticProblem) throws -> (
    gains: [Double], offsets: [Double], hessian: DoubleMatrix, gradient: DoubleMatrix
  ) {
    let (n, m, costs) = (problem.stateSize, problem.actionSize, problem.costs)
    func block(_ values: [Double], _ t: Int, _ rows: Int, _ columns: Int) -> DoubleMatrix {
      DoubleMatrix(rows: rows, columns: columns, Array(values[t * rows * columns..<(t + 1) * rows * columns]))
    }
    var hessian = block(costs.stateHessians, problem.horizon, n, n)
    var gradient = block(costs.stateGradients, problem.horizon, n, 1)
    var (gains, offsets) = ([[Double]](), [[Double]]())
    for t in stride(from: problem.horizon - 1, through: 0, by: -1) {
      let (a, b) = (problem.dynamics.stateMatrix(t), problem.dynamics.actionMatrix(t))
      let slope = hessian * block(problem.offsets, t, n, 1) + gradient
      let xx = block(costs.stateHessians, t, n, n) + a.transposed * hessian * a
      let ux = block(costs.crossHessians, t, m, n) + b.transposed * hessian * a
      let uu = block(costs.actionHessians, t, m, m) + b.transposed * hessian * b
      let x = block(costs.stateGradients, t, n, 1) + a.transposed * slope
      let u = block(costs.actionGradients, t, m, 1) + b.transposed * slope
      let (gain, offset) = (try uu.solve(ux), try uu.solve(u))
      gains.append(gain.elements.map { -$0 })
      offsets.append(offset.elements.map { -$0 })
      hessian = xx - ux.transposed * gain
      gradient = x - ux.transposed * offset
    }
    return (gains.reversed().flatMap { $0 }, offsets.reversed().flatMap { $0 }, hessian, gradient)
  }

  /// max |x - y| / (1 + |y|).
  static func gap(_ x: [Double], _ y: [Double]) -> Double {
    zip(x, y).map { abs($0 - $1) / (1 + abs($1)) }.reduce(0) { $1.isNaN ? .infinity : max($0, $1) }
  }
}
