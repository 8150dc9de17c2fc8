import Environments
import Imagining
import Interfaces
import Kernels
import Planners
import TestSupport
import Testing

/// Plans by backpropagation through a model.
@Suite struct GradientAscentTests {
  private static let task = PointMass(PointMassSettings())

  private static func evaluator(horizon: Int, noise: Float = 0, particles: Int = 1) -> RolloutEvaluator<
    KnownRewards<DifferentiableTrueModel<PointMass>>
  > {
    RolloutEvaluator(
      KnownRewards(DifferentiableTrueModel(task, noise: noise), task.objective), horizon: horizon,
      particles: particles)
  }

  private static func starts(_ count: Int) -> [[Float]] {
    var random = RandomStream(seed: 31)
    return (0..<count).map { _ in
      let state = task.startState(using: &random)
      return (0..<4).map { Float(state[$0]) }
    }
  }

  /// Returns are those of `evaluate`, and gradients those of central differences, averaged over particles.
  @Test func gradientsOfPlansAreThoseOfFiniteDifferences() {
    let (horizon, rows) = (6, 3)
    var evaluator = Self.evaluator(horizon: horizon, noise: 0.1, particles: 5)
    var (random, plans) = (RandomStream(seed: 1), Matrix(rows: rows, columns: 2 * horizon))
    for row in 0..<rows { plans.setRow(row, (0..<2 * horizon).map { _ in random.uniform(-5, 5) }) }
    var (returns, again) = ([Float](repeating: 0, count: rows), [Float](repeating: 0, count: rows))
    var gradients = plans
    evaluator.begin(at: [0.5, 0.3, -0.2, 0.1], using: RandomStream(seed: 2))
    evaluator.differentiate(plans, returns: &returns, gradients: &gradients)
    evaluator.begin(at: [0.5, 0.3, -0.2, 0.1], using: RandomStream(seed: 2))
    evaluator.evaluate(plans, returns: &again)
    #expect(zip(returns, again).allSatisfy { abs($0 - $1) < 1e-4 * abs($1) })
    let error = gradientError(of: gradients.elements, at: plans.elements.map { Double($0) }, step: 3e-2) { moved in
      evaluator.begin(at: [0.5, 0.3, -0.2, 0.1], using: RandomStream(seed: 2))
      evaluator.evaluate(
        Matrix(rows: rows, columns: 2 * horizon, moved.map { Float($0) }), returns: &again)
      return again.reduce(0) { $0 + Double($1) }
    }
    #expect(error.worst < 1e-2, "\(error)")
  }

  /// From every start the first decision is the regulator's, within a hundredth of the largest force.
  @Test func findsTheRegulator() throws {
    let horizon = 12
    let optimum = try Self.task.optimum(horizon: horizon)
    for (index, start) in Self.starts(6).enumerated() {
      var planner = GradientAscent(
        GradientAscent.Settings(horizon: horizon, restarts: 4, iterations: 150), low: [-10, -10], high: [10, 10])
      var (random, action) = (RandomStream(seed: UInt64(index)), [Float](repeating: 0, count: 2))
      var evaluator = Self.evaluator(horizon: horizon)
      evaluator.begin(at: start, using: random.child("imagination"))
      planner.plan(with: &evaluator, using: &random, action: &action)
      let expected = optimum.action(in: start.map { Double($0) })
      for (found, best) in zip(action, expected) {
        #expect(abs(Double(found) - best) < 0.1, "decision \(action), regulator \(expected)")
      }
    }
  }

  /// An optimum beyond the bounds: the plan ends at the bound.
  @Test func staysWithinTheBounds() {
    let (low, high): ([Float], [Float]) = ([-0.5, -0.5], [0.5, 0.25])
    var planner = GradientAscent(
      GradientAscent.Settings(horizon: 5, restarts: 3, iterations: 60), low: low, high: high)
    var (random, action) = (RandomStream(seed: 1), [Float](repeating: .nan, count: 2))
    var evaluator = Self.evaluator(horizon: 5)
    evaluator.begin(at: [3, -3, 0, 0], using: random)
    planner.plan(with: &evaluator, using: &random, action: &action)
    #expect(action == [-0.5, 0.25])
  }

  @Test func planningDoesNotAllocate() {
    var planner = GradientAscent(
      GradientAscent.Settings(horizon: 5, restarts: 6, iterations: 4), low: [-10, -10], high: [10, 10])
    var (random, action) = (RandomStream(seed: 1), [Float](repeating: 0, count: 2))
    var evaluator = Self.evaluator(horizon: 5, particles: 2)
    let start: [Float] = [0.5, 0, 0.1, 0]
    let count = allocations {
      evaluator.begin(at: start, using: random)
      planner.plan(with: &evaluator, using: &random, action: &action)
    }
    #expect(count == 0, "\(count) heap allocations")
  }

  @Test func modelsWithoutDerivativesSaySo() {
    let evaluator = RolloutEvaluator(
      KnownRewards(TrueModel(Self.task), Self.task.objective), horizon: 2, particles: 1)
    #expect(evaluator.gradients == .none)
    #expect(Self.evaluator(horizon: 2).gradients == .pathwise)
    #expect(Self.evaluator(horizon: 2, noise: 0.1).gradients == .pathwiseAndScores)
  }
}

extension GradientAscent.Settings {
  fileprivate init(horizon: Int, restarts: Int, iterations: Int) {
    self.init()
    (self.horizon, self.restarts, self.iterations) = (horizon, restarts, iterations)
  }
}
