import Archive
import Configuration
import Control
import Interfaces
import Kernels

/// iLQR under model predictive control: linear-quadratic control iterated along the trajectory that a world, learned or
/// true, expects (`IterativeLQR`), from the last decision's plan, one step on.
///
/// It plans in the world's expectation, whatever its propagation and particles, and ignores terminations. A plan whose
/// trajectory is not finite gives way to the middle of the bounds; if that is not either, the plan stays as it is, and
/// `plan_failures` counts it. Cost of an iteration in a learned world: D + 2 (D + A) + 1 passes through the model for
/// all H steps at once, and as many rollouts of single steps as the line search tries.
public struct TrajectoryOptimization: ContinuousPlanner {
  public typealias Settings = IterativeLQRSettings

  /// Few iterations, with tolerances as far as the single precision of learned worlds goes.
  public static var defaults: Settings {
    var settings = Settings()
    (settings.horizon, settings.iterations) = (20, 10)
    (settings.costTolerance, settings.gradientTolerance) = (1e-5, 1e-4)
    settings.largestRegularization = 1e4
    return settings
  }

  public static let name = "ilqr"
  public static let summary = "iLQR along the trajectory that the model expects"
  public static let metricNames = ["plan_cost", "plan_iterations", "plan_regularization", "plan_failures"]
  public static let need = PlannerNeed.dynamics

  private let settings: Settings
  private var mean: PlannedMean
  private var actions: [Double]
  /// Whether the episode has a plan to start from.
  private var hasPlan = false
  /// Of the last plan; nil where no trajectory was finite.
  private var report: OptimizationReport?
  private var found = Found()

  /// The search in the dynamics met last. It keeps nothing from one plan to the next but scratch.
  private final class Found: @unchecked Sendable {
    var search: (any TrajectorySearch)?
  }

  /// A planner for actions between `low` and `high` [A]; begins with the middle of the bounds.
  public init(_ settings: Settings, low: [Float], high: [Float]) {
    self.settings = settings
    mean = PlannedMean(horizon: settings.horizon, low: low, high: high)
    actions = Array(repeating: 0, count: mean.count)
  }

  public var horizon: Int { settings.horizon }

  public mutating func reset() {
    mean.reset()
    hasPlan = false
  }

  public mutating func suggest(_ plan: [Float]) { mean.suggest(plan) }

  public mutating func plan(
    with evaluator: inout some PlanEvaluator, using random: inout RandomStream, action: inout [Float]
  ) {
    precondition(
      evaluator.horizon == settings.horizon && evaluator.actionSize == mean.low.count, "evaluator of another shape")
    mean.begin(with: &evaluator)
    evaluator.withDynamics { dynamics, state in
      let search = search(in: dynamics)
      for i in actions.indices { actions[i] = Double(mean.values[i]) }
      report = search.optimize(from: state, &actions, isFirst: !hasPlan)
      if report == nil {
        for i in actions.indices {
          actions[i] = Double(0.5 * (mean.low[i % mean.low.count] + mean.high[i % mean.low.count]))
        }
        report = search.optimize(from: state, &actions, isFirst: true)
      }
      hasPlan = report != nil
      guard hasPlan else { return }
      for i in actions.indices {
        mean.values[i] = min(max(Float(actions[i]), mean.low[i % mean.low.count]), mean.high[i % mean.low.count])
      }
    }
    mean.takeFirst(into: &action)
  }

  private mutating func search(in dynamics: any PlannedDynamics) -> any TrajectorySearch {
    if let search = found.search, search.dynamics === dynamics { return search }
    let (low, high) = (mean.low.map { Double($0) }, mean.high.map { Double($0) })
    func open<Dynamics: PlannedDynamics>(_ dynamics: Dynamics) -> any TrajectorySearch {
      DynamicsSearch(dynamics, settings, low: low, high: high)
    }
    let made = open(dynamics)
    found = Found()
    found.search = made
    return made
  }

  public func record(into metrics: inout MetricRow) {
    metrics.record("plan_failures", report == nil ? 1 : 0)
    guard let report else { return }
    metrics.record("plan_cost", Float(report.cost))
    metrics.record("plan_iterations", Float(report.iterations))
    metrics.record("plan_regularization", Float(report.regularization))
  }

  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.inline(&mean)
    try fields.field("has_plan", &hasPlan)
  }
}

/// A search whose dynamics' type is hidden.
private protocol TrajectorySearch: AnyObject {
  var dynamics: any PlannedDynamics { get }
  /// Improves `actions` [H * A] from the state that `observation` [D] shows, with as many iterations as the settings
  /// give the first plan of an episode or the others; nil where their trajectory is not finite.
  func optimize(
    from observation: UnsafePointer<Float>, _ actions: inout [Double], isFirst: Bool
  ) -> OptimizationReport?
}

private final class DynamicsSearch<Dynamics: PlannedDynamics>: TrajectorySearch {
  private let known: Dynamics
  private var search: IterativeLQR<Dynamics>

  init(_ dynamics: Dynamics, _ settings: IterativeLQRSettings, low: [Double], high: [Double]) {
    known = dynamics
    search = IterativeLQR(settings, dynamics: dynamics, bounds: (low, high))
  }

  var dynamics: any PlannedDynamics { known }

  func optimize(
    from observation: UnsafePointer<Float>, _ actions: inout [Double], isFirst: Bool
  ) -> OptimizationReport? {
    guard search.start(fromObservation: observation, actions: actions) else { return nil }
    let report = search.optimize(iterations: isFirst ? search.settings.firstIterations : nil)
    for i in actions.indices { actions[i] = search.actions[i] }
    return report
  }
}

extension TrajectoryOptimization: WarmStartedPlanner {
  package var warmStart: [Float] { mean.values }
}
