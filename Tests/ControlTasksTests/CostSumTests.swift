import ControlTasks
import Foundation
import Interfaces
import Kernels
import TestSupport
import Testing

/// Costs against their formulas and against differences.
@Suite struct CostSumTests {
  private static let chain = PlanarChain(lengths: [0.5, 0.3, 0.2])
  private static let penalties: [Penalty] = [
    .quadratic(weight: 2), .logarithmic(weight: 0.7, quadratic: 1.5, logarithm: 0.3, offset: 1e-2),
    .bump(weight: 3, width: 0.8),
  ]
  private static let distances: [any SquaredDistance] = [
    ComponentDistance([.init(1, target: 0.4), .init(4, target: -0.3, weight: 2.5)]),
    DifferenceDistance([0, 2], [3, 5]),
    TipDistance(of: chain, from: SIMD2(0.3, -0.4), firstAngle: 1),
    PoleTipDistance(length: 0.6, position: 2, angle: 4),
  ]

  private static func sum(_ term: CostSum.Term, _ curvature: CostCurvature) -> CostSum {
    CostSum(stateSize: 6, terms: [term], actionWeights: [0.1, 0], curvature: curvature)
  }

  private static func points() -> [[Double]] {
    var random = RandomStream(seed: 5)
    return (0..<4).map { _ in (0..<6).map { _ in Double(random.normal()) * 0.6 } }
  }

  private static func value(_ cost: CostSum, _ x: [Double]) -> Double {
    cost.stateCost(x, step: 1, horizon: 3)
  }

  private static func expansion(_ cost: CostSum, _ x: [Double]) -> (
    value: Double, gradient: [Double], hessian: [Double]
  ) {
    var (gradient, hessian) = ([Double](repeating: 0, count: 6), [Double](repeating: 0, count: 36))
    let value = cost.expandState(x, step: 1, horizon: 3, gradient: &gradient, hessian: &hessian)
    return (value, gradient, hessian)
  }

  @Test(arguments: 0..<3, 0..<4) func derivativesAreThoseOfDifferences(penalty: Int, distance: Int) {
    let term = CostSum.Term(
      Self.penalties[penalty], of: Self.distances[distance], at: .ramp(0.9, power: 2))
    let cost = Self.sum(term, .exact)
    let step = 1e-5
    for x in Self.points() {
      let (value, gradient, hessian) = Self.expansion(cost, x)
      #expect(abs(value - Self.value(cost, x)) <= 1e-14 * max(1, abs(value)))
      for i in 0..<6 {
        var (up, down) = (x, x)
        up[i] += step
        down[i] -= step
        let slope = (Self.value(cost, up) - Self.value(cost, down)) / (2 * step)
        #expect(abs(slope - gradient[i]) < 1e-8 * max(1, abs(slope)), "∂\(i): \(slope) \(gradient[i])")
        let (above, below) = (Self.expansion(cost, up).gradient, Self.expansion(cost, down).gradient)
        for j in 0..<6 {
          let second = (above[j] - below[j]) / (2 * step)
          #expect(abs(second - hessian[j * 6 + i]) < 1e-7 * max(1, abs(second)), "∂\(i)∂\(j)")
        }
      }
    }
  }

  /// Same slopes, no negative eigenvalue, and of linear errors under a logarithm never below the cost.
  @Test(arguments: 0..<3, 0..<4) func gaussNewtonIsPositiveSemidefinite(penalty: Int, distance: Int) throws {
    let term = CostSum.Term(Self.penalties[penalty], of: Self.distances[distance])
    let (exact, safe) = (Self.sum(term, .exact), Self.sum(term, .gaussNewton))
    var random = RandomStream(seed: 9)
    for x in Self.points() {
      let (a, b) = (Self.expansion(exact, x), Self.expansion(safe, x))
      #expect(a.value == b.value && a.gradient == b.gradient)
      for _ in 0..<50 {
        let d = (0..<6).map { _ in Double(random.normal()) }
        var (first, second) = (0.0, 0.0)
        for i in 0..<6 {
          first += b.gradient[i] * d[i]
          for j in 0..<6 { second += d[i] * b.hessian[6 * i + j] * d[j] }
        }
        #expect(second >= -1e-12)
        if penalty < 2 && distance < 2 {
          let bound = b.value + first + second / 2
          #expect(Self.value(exact, zip(x, d).map { $0 + $1 }) <= bound + 1e-12 * abs(bound))
        }
      }
    }
  }

  /// The paper's formula on the tip of an arm, by hand.
  @Test func tipOfAStraightArm() {
    let distance = TipDistance(of: Self.chain, from: SIMD2(0, 1))
    #expect(abs(distance.value([0, 0, 0]) - 2) < 1e-15)
    #expect(distance.value([Double.pi / 2, 0, 0]) < 1e-30)
    let penalty = Penalty.logarithmic(weight: 2, quadratic: 3, logarithm: 0.5, offset: 1e-5)
    #expect(abs(penalty.value(2) - 2 * (6 + 0.5 * log(2 + 1e-5))) < 1e-14)
  }

  @Test func weightsInTime() {
    #expect(TimeWeight.constant(2).factor(step: 3, horizon: 7) == 2)
    #expect(TimeWeight.ramp(3, power: 2).factor(step: 2, horizon: 4) == 0.75)
    #expect(TimeWeight.ramp(3, power: 2).factor(step: 4, horizon: 4) == 3)
    #expect(TimeWeight.final(5).factor(step: 3, horizon: 4) == 0)
    #expect(TimeWeight.final(5).factor(step: 4, horizon: 4) == 5)
  }

  /// `evaluate` and `quadratize` say the same of a whole trajectory, actions included, without allocating.
  @Test func trajectories() {
    let cost = CostSum(
      stateSize: 6,
      terms: zip(Self.penalties, Self.distances).enumerated().map { index, pair in
        .init(pair.0, of: pair.1, at: index == 0 ? .final(4) : .constant(0.5))
      }, actionWeights: [0.1, 0.2])
    let horizon = 3
    let states = Self.points().flatMap { $0 }
    let actions: [Double] = [1, 2, -1, 0.5, 3, -2, 0, 0]
    var costs = [Double](repeating: .nan, count: 4)
    var expansion = QuadraticCosts(count: 4, tangentSize: 6, actionSize: 2)
    cost.evaluate(horizon: horizon, states: states, actions: actions, costs: &costs)
    let allocated = allocations {
      cost.evaluate(horizon: horizon, states: states, actions: actions, costs: &costs)
      cost.quadratize(horizon: horizon, states: states, actions: actions, into: &expansion)
    }
    #expect(allocated == 0)
    for step in 0...horizon {
      #expect(abs(costs[step] - expansion.values[step]) < 1e-13)
      #expect(expansion.actionGradients[2 * step] == 0.2 * actions[2 * step])
      #expect(expansion.actionHessians[4 * step + 3] == 0.4 && expansion.actionHessians[4 * step + 1] == 0)
    }
    #expect(expansion.crossHessians.allSatisfy { $0 == 0 })
    // the final term counts at the end alone
    let x = Array(states[0..<6])
    let without = CostSum(
      stateSize: 6,
      terms: zip(Self.penalties, Self.distances).dropFirst().map { .init($0, of: $1, at: .constant(0.5)) },
      actionWeights: [0.1, 0.2])
    #expect(abs(costs[0] - without.stateCost(x, step: 0, horizon: 3) - 0.1 - 0.8) < 1e-13)
  }
}
