import Archive
import Control
import Environments
import Foundation
import Imagining
import Interfaces
import Kernels
import Planners
import TestSupport
import Testing

/// iLQR in a model, here in tasks as their own models.
@Suite struct TrajectoryOptimizationTests {
  private static let task = PointMass(PointMassSettings())

  private static func evaluator(horizon: Int, noise: Float = 0) -> RolloutEvaluator<
    KnownRewards<DifferentiableTrueModel<PointMass>>
  > {
    RolloutEvaluator(
      KnownRewards(DifferentiableTrueModel(task, noise: noise), task.objective), horizon: horizon, particles: 1)
  }

  /// From every start the first decision is the regulator's, found in two iterations, whatever the noise of the model.
  @Test(arguments: [Float(0), 0.3]) func findsTheRegulator(_ noise: Float) throws {
    let horizon = 12
    let optimum = try Self.task.optimum(horizon: horizon)
    var random = RandomStream(seed: 31)
    for index in 0..<6 {
      let drawn = Self.task.startState(using: &random)
      let start = (0..<4).map { Float(drawn[$0]) }
      var settings = TrajectoryOptimization.defaults
      (settings.horizon, settings.iterations, settings.terminalWeight) = (horizon, 2, 0)
      var planner = TrajectoryOptimization(settings, low: [-10, -10], high: [10, 10])
      var (stream, action) = (RandomStream(seed: UInt64(index)), [Float](repeating: 0, count: 2))
      var evaluator = Self.evaluator(horizon: horizon, noise: noise)
      evaluator.begin(at: start, using: stream.child("imagination"))
      planner.plan(with: &evaluator, using: &stream, action: &action)
      for (found, best) in zip(action, optimum.action(in: start.map { Double($0) })) {
        #expect(abs(Double(found) - best) < 0.01, "decision \(action), regulator \(best)")
      }
    }
  }

  /// An optimum beyond the bounds: the plan stays at the bound.
  @Test func staysWithinTheBounds() {
    var settings = TrajectoryOptimization.defaults
    settings.horizon = 5
    var planner = TrajectoryOptimization(settings, low: [-0.5, -0.5], high: [0.5, 0.25])
    var (random, action) = (RandomStream(seed: 1), [Float](repeating: .nan, count: 2))
    var evaluator = Self.evaluator(horizon: 5)
    evaluator.begin(at: [3, -3, 0, 0], using: random)
    planner.plan(with: &evaluator, using: &random, action: &action)
    #expect(action == [-0.5, 0.25])
  }

  /// The return of the plan is better than that of the plan it started from, decision after decision, on a task that is
  /// not linear; a saved planner decides the same.
  @Test func improvesPlansAndContinuesExactly() throws {
    let task = CartPoleSwingUp(CartPoleSwingUpSettings())
    var evaluator = RolloutEvaluator(
      KnownRewards(DifferentiableTrueModel(task), task.objective), horizon: 25, particles: 1)
    var settings = TrajectoryOptimization.defaults
    (settings.horizon, settings.iterations, settings.terminalWeight) = (25, 30, 0)
    var planner = TrajectoryOptimization(settings, low: [-3], high: [3])
    var (random, plan) = (RandomStream(seed: 1), [Float](repeating: 0, count: 25))
    let start: [Float] = [0, 0, -0.3, 0.95, 1]
    evaluator.begin(at: start, using: random)
    planner.plan(with: &evaluator, using: &random, action: &plan)
    var returns: [Float] = [0, 0]
    let plans = Matrix(rows: 2, columns: 25, plan + Array(repeating: 0, count: 25))
    evaluator.evaluate(plans, returns: &returns)
    #expect(returns[0] > returns[1] + 1, "\(returns)")

    var writer = StateWriter()
    planner.save(to: &writer)
    var restored = TrajectoryOptimization(settings, low: [-3], high: [3])
    try restored.restore(from: StateReader(writer.file))
    var (first, second) = ([Float](repeating: 0, count: 1), [Float](repeating: 1, count: 1))
    var other = RolloutEvaluator(
      KnownRewards(DifferentiableTrueModel(task), task.objective), horizon: 25, particles: 1)
    for _ in 0..<2 {
      evaluator.begin(at: start, using: random)
      other.begin(at: start, using: random)
      planner.plan(with: &evaluator, using: &random, action: &first)
      restored.plan(with: &other, using: &random, action: &second)
      #expect(first == second)
    }
  }

  /// Jacobians and gradients are those of differences, Hessians those of the task's exact expansion.
  @Test func derivativesOfTheModelsCosts() {
    let task = CartPoleSwingUp(CartPoleSwingUpSettings())
    let dynamics = WorldDynamics(KnownRewards(DifferentiableTrueModel(task), task.objective))
    let simulation = dynamics.makeSimulation()
    let (n, m, count) = (5, 1, 4)
    var random = RandomStream(seed: 8)
    var (states, actions) = ([Double](), [Double]())
    for _ in 0..<count {
      let angle = Double(random.uniform(-3, 3))
      states += [Double(random.normal()), Double(random.normal()), cos(angle), sin(angle), Double(random.normal())]
      actions.append(Double(random.uniform(-2, 2)))
    }
    var (a, b) = ([Double](repeating: 0, count: count * n * n), [Double](repeating: 0, count: count * n * m))
    simulation.linearize(count: count, states: states, actions: actions, stateJacobians: &a, actionJacobians: &b)
    var costs = QuadraticCosts(count: count, tangentSize: n, actionSize: m)
    simulation.quadratize(count: count, states: states, actions: actions, into: &costs)
    // along the action alone, which no constraint between cosine and sine touches
    let h = 0.02
    func moved(_ by: Double) -> (next: [Double], costs: [Double]) {
      var (next, values) = ([Double](repeating: 0, count: count * n), [Double](repeating: 0, count: count))
      let shifted = actions.map { $0 + by }
      simulation.step(count: count, states: states, actions: shifted, next: &next)
      simulation.evaluateCosts(count: count, states: states, actions: shifted, costs: &values)
      return (next, values)
    }
    let (up, middle, down) = (moved(h), moved(0), moved(-h))
    for row in 0..<count {
      for i in 0..<n {
        let slope = (up.next[row * n + i] - down.next[row * n + i]) / (2 * h)
        #expect(abs(slope - b[row * n + i]) < 1e-3 * max(1, abs(slope)))
      }
      #expect(costs.values[row] == middle.costs[row])
      let slope = (up.costs[row] - down.costs[row]) / (2 * h)
      #expect(abs(slope - costs.actionGradients[row]) < 1e-3)
      let second = (up.costs[row] - 2 * middle.costs[row] + down.costs[row]) / (h * h)
      #expect(abs(second - costs.actionHessians[row]) < 1e-2, "\(second) \(costs.actionHessians[row])")
      for i in 0..<n {
        for j in 0..<n {
          #expect(costs.stateHessians[(row * n + i) * n + j] == costs.stateHessians[(row * n + j) * n + i])
        }
      }
    }
  }

  /// The first plan of an episode takes as many iterations as it is given, later ones from a warm start as many as they
  /// are.
  @Test func firstPlansTakeTheirOwnIterations() {
    let task = CartPoleSwingUp(CartPoleSwingUpSettings())
    var evaluator = RolloutEvaluator(
      KnownRewards(DifferentiableTrueModel(task), task.objective), horizon: 15, particles: 1)
    var settings = TrajectoryOptimization.defaults
    (settings.horizon, settings.iterations, settings.firstIterations) = (15, 1, 4)
    (settings.costTolerance, settings.gradientTolerance) = (0, 0)
    var planner = TrajectoryOptimization(settings, low: [-3], high: [3])
    var (random, action) = (RandomStream(seed: 1), [Float](repeating: 0, count: 1))
    for expected in [4.0, 1, 1, 4] {
      evaluator.begin(at: [0, 0, -0.3, 0.95, 1], using: random)
      if expected == 4 { planner.reset() }
      planner.plan(with: &evaluator, using: &random, action: &action)
      var metrics = MetricRow(names: TrajectoryOptimization.metricNames)
      planner.record(into: &metrics)
      #expect(metrics.mean(of: "plan_iterations") == expected && metrics.mean(of: "plan_failures") == 0)
    }
  }

  @Test func planningDoesNotAllocate() {
    var settings = TrajectoryOptimization.defaults
    (settings.horizon, settings.iterations) = (8, 3)
    var planner = TrajectoryOptimization(settings, low: [-10, -10], high: [10, 10])
    var (random, action) = (RandomStream(seed: 1), [Float](repeating: 0, count: 2))
    var evaluator = Self.evaluator(horizon: 8)
    let start: [Float] = [1, -1, 0.5, 0]
    evaluator.begin(at: start, using: random)
    planner.plan(with: &evaluator, using: &random, action: &action)
    let count = allocations {
      for _ in 0..<5 {
        evaluator.begin(at: start, using: random)
        planner.plan(with: &evaluator, using: &random, action: &action)
      }
    }
    #expect(count == 0, "\(count) heap allocations")
  }

  @Test func rewardsThatAreNotKnownCannotBePlannedWith() {
    struct Opaque: Objective {
      func evaluate(
        count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
        rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
      ) {}
    }
    #expect(KnownRewards(DifferentiableTrueModel(Self.task), Opaque()).gradients == .none)
  }
}
