import Interfaces
import Kernels
import Planners
import Testing

/// Plans that start at a bound.
@Suite struct BoundTests {
  /// A saturated proposal, better than the middle of the bounds but not best, is no prison: the search leaves the bound.
  @Test(arguments: [-1, 1] as [Float])
  func aSearchLeavesTheBoundThatItStartsAt(bound: Float) {
    var settings = CrossEntropy.Settings()
    (settings.horizon, settings.population, settings.elites, settings.iterations) = (3, 200, 20, 12)
    var planner = CrossEntropy(settings, low: [-1], high: [1])
    var evaluator = RecordingEvaluator(horizon: 3, actionSize: 1) { plan in
      -plan.reduce(0) { $0 + abs($1 - 0.6 * bound) }
    }
    var random = RandomStream(seed: 2)
    var action: [Float] = [0]
    planner.suggest([bound, bound, bound])
    planner.plan(with: &evaluator, using: &random, action: &action)
    #expect(abs(action[0] - 0.6 * bound) < 0.15, "\(action[0])")
  }
}
