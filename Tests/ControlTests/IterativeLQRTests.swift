import Control
import Environments
import Foundation
import Interfaces
import Kernels
import TestSupport
import Testing

@Suite struct IterativeLQRTests {
  private static func settings(
    horizon: Int, _ change: (inout IterativeLQRSettings) -> Void = { _ in }
  ) -> IterativeLQRSettings {
    var settings = IterativeLQRSettings()
    settings.horizon = horizon
    change(&settings)
    return settings
  }

  /// One step solves a linear-quadratic task; the second finds nothing to correct.
  @Test func pointMassIsSolvedAtOnce() throws {
    let task = PointMass(PointMassSettings())
    var search = IterativeLQR(
      Self.settings(horizon: 30) { $0.terminalWeight = 0 }, dynamics: TaskDynamics(task))
    let start = [0.8, -0.5, 0.3, 0.9]
    let outcome1 = search.start(from: start)
    #expect(outcome1)
    let first = search.iterate()
    #expect(first.stepLength == 1 && abs(first.improvement / first.expectedImprovement - 1) < 1e-9)
    let outcome2 = search.iterate()
    #expect(outcome2.status == .converged(.correction))
    let optimum = try LinearQuadraticRegulator(
      stateMatrix: task.stateMatrix, inputMatrix: task.inputMatrix, stateCost: task.stateCost,
      inputCost: task.inputCost, horizon: 30)
    #expect(abs(search.cost + optimum.value(of: start)) < 1e-10)
    #expect(Problems.gap(Array(search.actions.prefix(2)), optimum.action(in: start)) < 1e-10)
  }

  /// Distances of the iterates' actions from the last one's, from a start beside the optimum.
  private func errors(_ settings: IterativeLQRSettings, from state: [Double]) -> [Double] {
    let task = CartPoleSwingUp(CartPoleSwingUpSettings())
    var search = IterativeLQR(settings, dynamics: TaskDynamics(task))
    var started = search.start(from: state)
    #expect(started)
    _ = search.optimize()
    let beside = (0..<settings.horizon).map { search.actions[$0] + 0.02 * sin(Double($0)) }
    started = search.start(from: state, actions: beside)
    #expect(started)
    var iterates = [search.actions]
    while search.iterate().status == .improved, iterates.count < 200 { iterates.append(search.actions) }
    return iterates.map { zip($0, search.actions).map { abs($0 - $1) }.reduce(0, max) }
  }

  /// The order is the slope of log e_{k+1} against log e_k where both are small but above rounding.
  private func order(_ errors: [Double], above least: Double) -> Double {
    var orders: [Double] = []
    for k in 1..<max(errors.count - 1, 1) where errors[k] < 0.3 && errors[k + 1] > least {
      orders.append(log(errors[k + 1] / errors[k]) / log(errors[k] / errors[k - 1]))
    }
    return orders.last ?? .nan
  }

  @Test func withCurvatureConvergenceIsQuadraticWithoutLinear() {
    func exact(_ curvature: Bool) -> IterativeLQRSettings {
      Self.settings(horizon: 20) {
        $0.usesCurvature = curvature
        ($0.costTolerance, $0.gradientTolerance) = (0, 1e-13)
      }
    }
    let start = [0, 0, 2.6, 0.3]
    let (newton, gauss) = (errors(exact(true), from: start), errors(exact(false), from: start))
    let orders = (newton: order(newton, above: 1e-9), gauss: order(gauss, above: 1e-5))
    print("cart-pole: Newton \(newton); Gauss-Newton \(gauss); orders \(orders)")
    #expect(orders.newton > 1.8)
    #expect(newton.count <= gauss.count)
    #expect(orders.gauss > 0.9 && orders.gauss < 1.2)
  }

  /// Torques stay within the bounds, and the gradient of the cost points outward at those that are at one and vanishes at
  /// the others.
  @Test func boundedSwingUpSatisfiesTheOptimalityConditions() {
    let dynamics = TaskDynamics(Pendulum(PendulumSettings()))
    var search = IterativeLQR(
      Self.settings(horizon: 40) { ($0.iterations, $0.costTolerance, $0.gradientTolerance) = (500, 0, 1e-9) },
      dynamics: dynamics)
    let start = [1.2, 0.5]
    let outcome4 = search.start(from: start)
    #expect(outcome4)
    let before = search.cost
    let report = search.optimize()
    #expect(report.cost == search.cost && search.cost < before)
    let torques = Array(search.actions.prefix(40))
    #expect(torques.allSatisfy { abs($0) <= 2 } && torques.contains { abs($0) == 2 })
    func cost(_ actions: [Double]) -> Double {
      var follower = search
      return follower.start(from: start, actions: actions) ? follower.cost : .infinity
    }
    #expect(cost(torques) == search.cost)
    for i in torques.indices {
      let h = 1e-5
      func moved(_ by: Double) -> Double {
        var actions = torques
        actions[i] += by
        return cost(actions)
      }
      // one-sided at a bound, so that it stays within
      if torques[i] == 2 {
        #expect(moved(-h) > search.cost - 1e-9, "\(i)")
      } else if torques[i] == -2 {
        #expect(moved(h) > search.cost - 1e-9, "\(i)")
      } else if abs(torques[i]) < 2 - h {
        #expect(abs(moved(h) - moved(-h)) / (2 * h) < 1e-4, "\(i): \(report)")
      }
    }
  }

  /// A pole that hangs is where the cost is concave: the pass is indefinite there, and regularization overcomes it.
  @Test(arguments: RegularizationKind.allCases) func concaveCostsAreOvercome(_ kind: RegularizationKind) {
    var search = IterativeLQR(
      Self.settings(horizon: 30) { ($0.regularizationKind, $0.iterations) = (kind, 200) },
      dynamics: TaskDynamics(CartPoleSwingUp(CartPoleSwingUpSettings())))
    let outcome5 = search.start(from: [0, 0, 1.8, 0])
    #expect(outcome5)
    var (cost, passes, largest) = (search.cost, 0, 0.0)
    for _ in 0..<60 {
      let report = search.iterate()
      #expect(report.cost <= cost)
      (cost, passes, largest) = (report.cost, max(passes, report.backwardPasses), max(largest, report.regularization))
      if report.status != .improved { break }
    }
    #expect(passes > 1 && largest > 0)
    print("cart-pole, regularizing \(kind): cost \(cost), at most \(passes) passes, regularization \(largest)")
    #expect(cost < -5)
  }

  @Test func whatCannotBeSolvedIsSaid() {
    // the end of the scale, where nothing can improve
    var search = IterativeLQR(
      Self.settings(horizon: 5), dynamics: TaskDynamics(Pendulum(PendulumSettings())))
    let outcome6 = search.start(from: [.nan, 0])
    #expect(!outcome6)
    let outcome7 = search.start(from: [0, 0])
    #expect(outcome7)
    let outcome8 = search.optimize()
    #expect(outcome8.status == .converged(.correction))
  }

  @Test(arguments: [false, true]) func nothingAllocates(_ curvature: Bool) {
    var search = IterativeLQR(
      Self.settings(horizon: 20) { $0.usesCurvature = curvature },
      dynamics: TaskDynamics(CartPoleSwingUp(CartPoleSwingUpSettings())))
    let start = [0, 0, 2.0, 0]
    let allocated = allocations {
      search.reset()
      guard search.start(from: start) else { return }
      for _ in 0..<5 where search.iterate().status != .improved { break }
      search.shift()
    }
    #expect(allocated == 0)
  }

  /// Second differences of λᵀf.
  @Test func curvatureAgreesWithDifferences() {
    let dynamics = TaskDynamics(CartPoleSwingUp(CartPoleSwingUpSettings()))
    var simulation = dynamics.makeSimulation()
    let (state, action, weights) = ([0.1, -0.4, 0.8, 1.5], [0.7], [0.3, -1, 2, 0.5])
    var costs = QuadraticCosts(count: 1, of: dynamics)
    let outcome9 = simulation.addCurvature(count: 1, states: state, actions: action, multipliers: weights, into: &costs)
    #expect(outcome9)
    func weighted(_ z: [Double]) -> Double {
      var next = [Double](repeating: 0, count: 4)
      simulation.step(Array(z[0..<4]), [z[4]], next: &next)
      return zip(weights, next).map { $0 * $1 }.reduce(0, +)
    }
    let (z, h) = (state + action, 1e-3)
    for i in 0..<5 {
      for j in 0...i {
        func at(_ a: Double, _ b: Double) -> Double {
          var moved = z
          moved[i] += a
          moved[j] += b
          return weighted(moved)
        }
        let difference = (at(h, h) - at(h, -h) - at(-h, h) + at(-h, -h)) / (4 * h * h)
        let exact =
          i < 4 ? costs.stateHessians[4 * i + j] : j < 4 ? costs.crossHessians[j] : costs.actionHessians[0]
        #expect(abs(difference - exact) < 1e-4 * (1 + abs(exact)), "\(i) \(j): \(difference) \(exact)")
      }
    }
  }
}
