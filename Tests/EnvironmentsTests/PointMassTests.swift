import Environments
import Interfaces
import Kernels
import Testing

@Suite struct PointMassTests {
  private let task = PointMass(PointMassSettings())

  /// Cost of `forces` (two a step) from `start`, by the definition.
  private func cost(_ forces: [Double], from start: [Double]) -> Double {
    let (a, b, q, r) = (task.stateMatrix, task.inputMatrix, task.stateCost, task.inputCost)
    var x = DoubleMatrix(rows: 4, columns: 1, start)
    var total = 0.0
    for t in 0..<forces.count / 2 {
      let u = DoubleMatrix(rows: 2, columns: 1, [forces[2 * t], forces[2 * t + 1]])
      total += (x.transposed * q * x + u.transposed * r * u)[0, 0]
      x = a * x + b * u
    }
    return total
  }

  /// The cost is a quadratic function of all forces together: its minimum by one linear solve is the recursion's.
  @Test func recursionFindsTheMinimumOfTheWholePlan() throws {
    let (horizon, start) = (6, [0.8, -0.5, 0.3, 0.9])
    let count = 2 * horizon
    let zero = [Double](repeating: 0, count: count)
    func unit(_ i: Int, _ j: Int? = nil) -> [Double] {
      var plan = zero
      plan[i] += 1
      if let j { plan[j] += 1 }
      return plan
    }
    // exact second and first differences of a quadratic
    let base = cost(zero, from: start)
    let single = (0..<count).map { cost(unit($0), from: start) }
    var hessian = DoubleMatrix(rows: count, columns: count)
    for i in 0..<count {
      for j in 0..<count { hessian[i, j] = cost(unit(i, j), from: start) - single[i] - single[j] + base }
    }
    let gradient = DoubleMatrix(rows: count, columns: 1, (0..<count).map { single[$0] - base - hessian[$0, $0] / 2 })
    let plan = try hessian.solvePositiveDefinite(gradient).elements.map { -$0 }

    let optimum = try task.optimum(horizon: horizon)
    #expect(abs(optimum.value(of: start) + cost(plan, from: start)) < 1e-10)
    var x = DoubleMatrix(rows: 4, columns: 1, start)
    for t in 0..<horizon {
      let u = optimum.action(at: t, in: x.elements)
      #expect(abs(u[0] - plan[2 * t]) < 1e-9 && abs(u[1] - plan[2 * t + 1]) < 1e-9)
      #expect(abs(optimum.value(at: t, of: x.elements) + cost(Array(plan[(2 * t)...]), from: x.elements)) < 1e-10)
      x = task.stateMatrix * x + task.inputMatrix * DoubleMatrix(rows: 2, columns: 1, u)
    }
  }

  /// Return of the optimal gains, each action changed by `noise` times a normal number.
  private func playOptimally(noise: Float, seed: UInt64) throws -> (value: Double, total: Double) {
    let optimum = try task.optimum()
    var (task, random) = (task, RandomStream(seed: seed))
    var observation = [Float](repeating: 0, count: 4)
    task.reset(using: &random, observation: &observation)
    let start = (0..<4).map { task.episode.state[$0] }
    var total = 0.0
    for t in 0..<task.spec.stepLimit {
      let state = (0..<4).map { task.episode.state[$0] }
      let action = optimum.action(at: t, in: state).map { Float($0) + noise * random.normal() }
      total += Double(try task.step(action, observation: &observation).reward)
    }
    return (optimum.value(of: start), total)
  }

  @Test func optimalPlayEarnsTheValueAndNothingEarnsMore() throws {
    for seed: UInt64 in 1...10 {
      let best = try playOptimally(noise: 0, seed: seed)
      #expect(abs(best.total - best.value) < 1e-5 * abs(best.value))
      let worse = try playOptimally(noise: 0.1, seed: seed)
      #expect(worse.total < worse.value - 1e-3)
    }
  }

  /// The optimal course is linear in the start, so its largest force occurs at a corner of the start box.
  @Test func optimalForcesStayWithinTheBounds() throws {
    for (cost, limit) in [(0.1, 6.0), (0.02, 10.0)] {
      var settings = PointMassSettings()
      settings.actionCost = cost
      let task = PointMass(settings)
      let optimum = try task.optimum()
      var largest = 0.0
      for corner in 0..<16 {
        var x = DoubleMatrix(rows: 4, columns: 1, (0..<4).map { corner >> $0 & 1 == 0 ? -1 : 1 })
        for t in 0..<task.spec.stepLimit {
          let u = optimum.action(at: t, in: x.elements)
          largest = max(largest, abs(u[0]), abs(u[1]))
          x = task.stateMatrix * x + task.inputMatrix * DoubleMatrix(rows: 2, columns: 1, u)
        }
      }
      #expect(largest < limit, "\(largest) N at an action cost of \(cost)")
    }
  }
}
