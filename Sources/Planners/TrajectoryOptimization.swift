import Archive
import Configuration
import Control
import Interfaces
import Kernels

/// iLQR in a learned model, under model predictive control: linear-quadratic control iterated along the trajectory that the
/// model expects (`IterativeLQR`), from the last decision's plan, one step on.
///
/// It plans in the model's expectation, whatever its propagation and particles, and heeds no terminations. A plan whose
/// trajectory is not finite gives way to the middle of the bounds; if that is not either, the plan stays as it is. Cost of an
/// iteration: D + 2 (D + A) + 1 passes through the model for all H steps at once, and as many rollouts of single steps as the
/// line search tries.
public struct TrajectoryOptimization: ContinuousPlanner {
  /// Settings of the planner.
  public struct Settings: Configuration {
    /// The defaults.
    public init() {}
    @Setting("Decisions in a plan", in: 1...1000) public var horizon: Int = 20
    @Setting("Iterations at most for each decision", in: 1...10_000) public var iterations: Int = 10
    @Setting("Weight of the cost of the last state, under no action", in: 0...1_000_000)
    public var terminalWeight: Double = 1
    @Setting("What regularization is added to: the Hessian of the action, or that of the next state's value")
    public var regularizationKind: RegularizationKind = .action
    @Setting("Regularization beyond which the search gives up", in: 1...1e10) public var largestRegularization: Double =
      1e4
  }

  public static let name = "ilqr"
  public static let summary = "iLQR along the trajectory that the model expects"
  public static let need = PlannerNeed.dynamics

  private let settings: Settings
  private var mean: PlannedMean
  private var actions: [Double]
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

  public mutating func reset() { mean.reset() }

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
      var isFinite = search.optimize(from: state, &actions)
      if !isFinite {
        for i in actions.indices {
          actions[i] = Double(0.5 * (mean.low[i % mean.low.count] + mean.high[i % mean.low.count]))
        }
        isFinite = search.optimize(from: state, &actions)
      }
      guard isFinite else { return }
      for i in actions.indices {
        mean.values[i] = min(max(Float(actions[i]), mean.low[i % mean.low.count]), mean.high[i % mean.low.count])
      }
    }
    mean.takeFirst(into: &action)
  }

  private mutating func search(in dynamics: any PlannedDynamics) -> any TrajectorySearch {
    if let search = found.search, search.dynamics === dynamics { return search }
    var search = IterativeLQRSettings()
    (search.horizon, search.iterations) = (settings.horizon, settings.iterations)
    (search.terminalWeight, search.regularizationKind) = (settings.terminalWeight, settings.regularizationKind)
    // as far as single precision goes
    (search.costTolerance, search.gradientTolerance) = (1e-5, 1e-4)
    search.largestRegularization = settings.largestRegularization
    let (low, high) = (mean.low.map { Double($0) }, mean.high.map { Double($0) })
    func open<Dynamics: PlannedDynamics>(_ dynamics: Dynamics) -> any TrajectorySearch {
      DynamicsSearch(dynamics, search, low: low, high: high)
    }
    let made = open(dynamics)
    found = Found()
    found.search = made
    return made
  }

  public func save(to writer: inout StateWriter) { mean.save(to: &writer) }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) { try mean.restore(from: reader) }
}

/// A search whose dynamics' type is hidden.
private protocol TrajectorySearch: AnyObject {
  var dynamics: any PlannedDynamics { get }
  /// Improves `actions` [H * A] from the state that `observation` [D] shows; false where their trajectory is not finite.
  func optimize(from observation: UnsafePointer<Float>, _ actions: inout [Double]) -> Bool
}

private final class DynamicsSearch<Dynamics: PlannedDynamics>: TrajectorySearch {
  private let known: Dynamics
  private var search: IterativeLQR<Dynamics>

  init(_ dynamics: Dynamics, _ settings: IterativeLQRSettings, low: [Double], high: [Double]) {
    known = dynamics
    search = IterativeLQR(settings, dynamics: dynamics, bounds: (low, high))
  }

  var dynamics: any PlannedDynamics { known }

  func optimize(from observation: UnsafePointer<Float>, _ actions: inout [Double]) -> Bool {
    guard search.start(fromObservation: observation, actions: actions) else { return false }
    _ = search.optimize()
    for i in actions.indices { actions[i] = search.actions[i] }
    return true
  }
}
