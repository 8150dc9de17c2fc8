import Control
import Interfaces
import Kernels
import TestSupport
import Testing

@Suite struct RiccatiRecursionTests {
  @Test(arguments: [(1, 1), (2, 1), (4, 2), (7, 1), (8, 8), (14, 7), (17, 6), (5, 11)])
  func agreesWithTheTextbook(_ states: Int, _ actions: Int) throws {
    let problem = Problems.convex(horizon: 25, states: states, actions: actions, seed: 4)
    let oracle = try Problems.oracle(problem)
    var recursion = RiccatiRecursion(horizon: 25, stateSize: states, actionSize: actions)
    guard case .solved = recursion.solve(problem) else { return #expect(Bool(false), "not solved") }
    #expect(Problems.gap(recursion.law.gains, oracle.gains) < 1e-10)
    #expect(Problems.gap(recursion.law.offsets, oracle.offsets) < 1e-10)
    #expect(Problems.gap(recursion.valueHessian(0).elements, oracle.hessian.elements) < 1e-10)
    #expect(Problems.gap(recursion.valueGradient(0), oracle.gradient.elements) < 1e-10)
    // again in the same scratch: nothing is left over
    let (gains, offsets) = (recursion.law.gains, recursion.law.offsets)
    _ = recursion.solve(Problems.convex(horizon: 25, states: states, actions: actions, seed: 5))
    _ = recursion.solve(problem)
    #expect(recursion.law.gains == gains && recursion.law.offsets == offsets)
  }

  /// Value functions are what following the feedback costs, regularized or not.
  @Test(arguments: [Regularization(), Regularization(action: 0.7), Regularization(state: 0.4)])
  func valuesAreTheCostsOfFollowing(_ regularization: Regularization) {
    let problem = Problems.convex(horizon: 12, states: 4, actions: 2, seed: 9)
    var recursion = RiccatiRecursion(horizon: 12, stateSize: 4, actionSize: 2)
    guard case .solved = recursion.solve(problem, regularization: regularization) else {
      return #expect(Bool(false), "not solved")
    }
    let start = [0.5, -1, 2, 0.3]
    var (states, actions) = ([Double](repeating: 0, count: 13 * 4), [Double](repeating: 0, count: 12 * 2))
    problem.rollOut(recursion.law, from: start, states: &states, actions: &actions)
    let x = DoubleMatrix(rows: 4, columns: 1, start)
    let value =
      (x.transposed * recursion.valueHessian(0) * x)[0, 0] / 2
      + zip(recursion.valueGradient(0), start).map { $0 * $1 }.reduce(0, +) + recursion.valueConstant(0)
    #expect(abs(value - Problems.cost(problem, from: start, actions)) < 1e-9)
  }

  /// From x = 0 without affine dynamics, the change that a step promises is the change that it makes; with regularization, only
  /// for the whole step.
  @Test(arguments: [(0, 1.0), (0, 0.5), (0, 0.1), (0.7, 1)])
  func theExpectedChangeIsTheChange(_ action: Double, _ alpha: Double) {
    let regularization = Regularization(action: action)
    var problem = Problems.convex(horizon: 9, states: 3, actions: 2, seed: 2)
    for i in problem.offsets.indices { problem.offsets[i] = 0 }
    var recursion = RiccatiRecursion(horizon: 9, stateSize: 3, actionSize: 2)
    guard case .solved(let expected) = recursion.solve(problem, regularization: regularization) else {
      return #expect(Bool(false), "not solved")
    }
    var law = recursion.law
    for i in law.offsets.indices { law.offsets[i] *= alpha }
    let start = [0.0, 0, 0]
    var (states, actions) = ([Double](repeating: 0, count: 30), [Double](repeating: 0, count: 18))
    problem.rollOut(law, from: start, states: &states, actions: &actions)
    let idle = Problems.cost(problem, from: start, [Double](repeating: 0, count: 18))
    let change = Problems.cost(problem, from: start, actions) - idle
    #expect(abs(expected.change(alpha) - change) < 1e-10)
  }

  /// Gradient descent knows nothing of recursions.
  @Test func gradientDescentFindsTheSameActions() {
    let problem = Problems.convex(horizon: 4, states: 2, actions: 1, seed: 11)
    var recursion = RiccatiRecursion(horizon: 4, stateSize: 2, actionSize: 1)
    _ = recursion.solve(problem)
    let start = [1.0, -0.5]
    var (states, actions) = ([Double](repeating: 0, count: 10), [Double](repeating: 0, count: 4))
    problem.rollOut(recursion.law, from: start, states: &states, actions: &actions)
    var descended = [0.0, 0, 0, 0]
    for _ in 0..<4000 {
      let gradient = descended.indices.map { i in
        var (up, down) = (descended, descended)
        up[i] += 0.5  // exact for a quadratic, whatever the distance
        down[i] -= 0.5
        return Problems.cost(problem, from: start, up) - Problems.cost(problem, from: start, down)
      }
      for i in descended.indices { descended[i] -= 0.05 * gradient[i] }
    }
    #expect(Problems.gap(descended, actions) < 1e-9, "\(descended) \(actions)")
  }

  @Test func indefiniteHessiansAreReportedWithTheirStepAndCured() {
    var problem = Problems.convex(horizon: 10, states: 3, actions: 2, seed: 3)
    problem.costs.actionHessians[6 * 4 + 3] = -1e3
    var recursion = RiccatiRecursion(horizon: 10, stateSize: 3, actionSize: 2)
    guard case .indefinite(step: 6, let pivot) = recursion.solve(problem), pivot < 0 else {
      return #expect(Bool(false), "not reported")
    }
    guard case .solved = recursion.solve(problem, regularization: Regularization(action: 2e3)) else {
      return #expect(Bool(false), "not cured")
    }
    problem.costs.stateHessians[4 * 9] = .nan
    let outcome1 = recursion.solve(problem, regularization: Regularization(action: 2e3))
    #expect(outcome1 == .notFinite(step: 3))
    // an action that costs nothing and does nothing
    var idle = LinearQuadraticProblem(horizon: 2, stateSize: 1, actionSize: 1)
    idle.costs.stateHessians = [1, 1, 1]
    var small = RiccatiRecursion(horizon: 2, stateSize: 1, actionSize: 1)
    let outcome2 = small.solve(idle)
    #expect(outcome2 == .indefinite(step: 1, pivot: 0))
  }

  /// Projected gradient descent on the actions of a short bounded problem whose start is x = 0, where k is optimal at the
  /// first step.
  @Test(arguments: [UInt64(1), 2, 3, 4]) func boundsAreThoseOfABoundedProgram(_ seed: UInt64) {
    var problem = Problems.convex(horizon: 1, states: 2, actions: 3, seed: seed)
    problem.bounds = LinearQuadraticProblem.ActionBounds(low: [-0.1, -0.2, -0.05], high: [0.1, 0.05, 0.3])
    var recursion = RiccatiRecursion(horizon: 1, stateSize: 2, actionSize: 3)
    guard case .solved = recursion.solve(problem) else { return #expect(Bool(false), "not solved") }
    var u = [0.0, 0, 0]
    for _ in 0..<20_000 {
      for i in 0..<3 {
        var (up, down) = (u, u)
        up[i] += 0.5
        down[i] -= 0.5
        let slope = Problems.cost(problem, from: [0, 0], up) - Problems.cost(problem, from: [0, 0], down)
        u[i] = min(max(u[i] - 0.05 * slope, problem.bounds?.low[i] ?? 0), problem.bounds?.high[i] ?? 0)
      }
    }
    #expect(Problems.gap(recursion.law.offsets, u) < 1e-9, "\(recursion.law.offsets) \(u)")
    for i in 0..<3 where u[i] == problem.bounds?.low[i] || u[i] == problem.bounds?.high[i] {
      #expect(recursion.law.gains[2 * i] == 0 && recursion.law.gains[2 * i + 1] == 0)
    }
  }

  @Test(arguments: [false, true]) func nothingAllocates(_ bounded: Bool) {
    var problem = Problems.convex(horizon: 20, states: 14, actions: 7, seed: 1)
    let bound = [Double](repeating: 0.05, count: 140)
    if bounded { problem.bounds = LinearQuadraticProblem.ActionBounds(low: bound.map { -$0 }, high: bound) }
    var recursion = RiccatiRecursion(horizon: 20, stateSize: 14, actionSize: 7)
    var (states, actions) = ([Double](repeating: 0, count: 21 * 14), [Double](repeating: 0, count: 140))
    let start = [Double](repeating: 1, count: 14)
    let allocated = allocations {
      _ = recursion.solve(problem)
      _ = recursion.solve(problem, regularization: Regularization(action: 1, state: 1))
      problem.rollOut(recursion.law, from: start, states: &states, actions: &actions)
    }
    #expect(allocated == 0)
  }
}
