import Control
import Interfaces
import Kernels
import TestSupport
import Testing

@Suite struct StationaryRegulatorTests {
  private struct Problem: Codable {
    var states: Int
    var actions: Int
    var a: [Double]
    var b: [Double]
    var q: [Double]
    var r: [Double]
    var s: [Double]
  }

  private struct Answer: Codable {
    var p: [Double]
    var k: [Double]
  }

  /// Stable, unstable and larger systems, with and without a cross term.
  @Test func sciPyFindsTheSameSolution() throws {
    var random = RandomStream(seed: 12)
    var problems: [Problem] = []
    for (n, m) in [(1, 1), (2, 1), (4, 2), (6, 3), (14, 7), (20, 4)] {
      for growth in [0.5, 1, 1.1] {
        let joint = Problems.positive(n + m, &random)
        var (q, r, s) = ([Double](), [Double](), [Double]())
        for i in 0..<n + m {
          for j in 0..<n + m {
            if i < n, j < n { q.append(joint[i, j]) }
            if i >= n, j >= n { r.append(joint[i, j]) }
            if i < n, j >= n { s.append(joint[i, j]) }
          }
        }
        let noise = Problems.normal(n * n, 0.3 / Double(n).squareRoot(), &random)
        let a = zip(DoubleMatrix.identity(n).elements, noise).map { growth * $0 + $1 }
        problems.append(
          Problem(states: n, actions: m, a: a, b: Problems.normal(n * m, 0.5, &random), q: q, r: r, s: s))
      }
    }
    let answers = try PeerProcess.ask("riccati.py", of: "ControlTests", problems, as: [Answer].self)
    var worst = 0.0
    for (problem, answer) in zip(problems, answers) {
      let (n, m) = (problem.states, problem.actions)
      let outcome = StationaryRegulator.solve(
        stateMatrix: DoubleMatrix(rows: n, columns: n, problem.a),
        inputMatrix: DoubleMatrix(rows: n, columns: m, problem.b),
        stateCost: DoubleMatrix(rows: n, columns: n, problem.q),
        inputCost: DoubleMatrix(rows: m, columns: m, problem.r),
        crossCost: DoubleMatrix(rows: n, columns: m, problem.s))
      guard case .solved(let regulator) = outcome else {
        #expect(Bool(false), "\(n) states, \(m) actions: \(outcome)")
        continue
      }
      worst = max(worst, distance(regulator.costToGo.elements, answer.p), distance(regulator.gain.elements, answer.k))
    }
    print("stationary regulators: largest difference from SciPy \(worst)")
    #expect(answers.count == problems.count && worst < 1e-9)
  }

  /// The largest difference beside the largest element: an unstable system with few actions has elements of all sizes, of
  /// which neither method knows the small ones as well.
  private func distance(_ x: [Double], _ y: [Double]) -> Double {
    let scale = y.map { abs($0) }.max() ?? 0
    return zip(x, y).map { abs($0 - $1) / scale }.reduce(0) { $1.isNaN ? .infinity : max($0, $1) }
  }

  /// Far from the end, finite-horizon feedback is the stationary one.
  @Test func longHorizonsAgree() {
    let (n, m, horizon) = (3, 2, 300)
    var problem = LinearQuadraticProblem(horizon: horizon, stateSize: n, actionSize: m)
    let a: [Double] = [1, 0.1, 0, 0, 1.05, 0.1, 0.02, 0, 0.9]
    let b: [Double] = [0, 0.1, 0.3, 0, 0.1, 0.2]
    for t in 0..<horizon {
      problem.dynamics.stateJacobians.replaceSubrange(t * 9..<t * 9 + 9, with: a)
      problem.dynamics.actionJacobians.replaceSubrange(t * 6..<t * 6 + 6, with: b)
      problem.costs.stateHessians.replaceSubrange(t * 9..<t * 9 + 9, with: DoubleMatrix.identity(3).elements)
      problem.costs.actionHessians.replaceSubrange(t * 4..<t * 4 + 4, with: DoubleMatrix.identity(2).elements)
    }
    var recursion = RiccatiRecursion(horizon: horizon, stateSize: n, actionSize: m)
    guard case .solved = recursion.solve(problem),
      case .solved(let regulator) = StationaryRegulator.solve(
        stateMatrix: DoubleMatrix(rows: 3, columns: 3, a), inputMatrix: DoubleMatrix(rows: 3, columns: 2, b),
        stateCost: .identity(3), inputCost: .identity(2))
    else { return #expect(Bool(false), "not solved") }
    #expect(Problems.gap(recursion.law.gains.prefix(6).map { -$0 }, regulator.gain.elements) < 1e-10)
    #expect(Problems.gap(recursion.valueHessian(0).elements, regulator.costToGo.elements) < 1e-10)
  }

  @Test func whatHasNoSolutionIsSaid() {
    let one = DoubleMatrix.identity(1)
    func outcome(_ a: Double, _ b: Double, _ r: Double) -> StationaryRegulator.Outcome {
      StationaryRegulator.solve(
        stateMatrix: DoubleMatrix(rows: 1, columns: 1, [a]), inputMatrix: DoubleMatrix(rows: 1, columns: 1, [b]),
        stateCost: one, inputCost: DoubleMatrix(rows: 1, columns: 1, [r]))
    }
    if case .notConverged = outcome(1.5, 0, 1) {} else { #expect(Bool(false), "an unstable mode without control") }
    if case .indefinite = outcome(1.5, 1, -1) {} else { #expect(Bool(false), "R is negative") }
    if case .notFinite = outcome(.nan, 1, 1) {} else { #expect(Bool(false), "A is not a number") }
  }
}
