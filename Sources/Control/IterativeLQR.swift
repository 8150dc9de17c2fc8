import Interfaces
import Kernels

/// Finds a locally optimal trajectory and feedback around it, by iterating linear-quadratic control: iLQR (Li and
/// Todorov 2004; Tassa, Erez and Todorov 2012), with bounded actions (Tassa, Mansard and Todorov 2014).
///
/// Each iteration linearizes the dynamics and expands the costs along the trajectory, solves for δu = K δx + k with
/// `RiccatiRecursion`, and follows u_t + α k_t + K_t δx_t for the first α of 1, ½, ¼ ... whose improvement is at least
/// a share of the expected one. Regularization grows while Q_uu is indefinite or no step improves, and shrinks after a
/// success. With `usesCurvature` the expansion is of l + λᵀf, λ being the costates of the trajectory, which makes it
/// Newton's method on the actions (Dunn and Bertsekas 1989), quadratically convergent; without, convergence is linear,
/// the faster the smaller λᵀ∂²f.
///
/// Difference from the papers: a step that is worth less than the rounding of the cost ends the search.
///
/// Nothing allocates after `init`. One owner; copies share scratch and may be used in turn, not at once.
public struct IterativeLQR<Dynamics: DifferentiableDynamics> where Dynamics.Simulation: CostSimulation {
  /// What was set.
  public let settings: IterativeLQRSettings
  /// x_0 to x_T, [T + 1, n].
  public internal(set) var states: [Double]
  /// u_0 to u_{T-1}, [T, m], and a row of the action that the last state is costed under.
  public internal(set) var actions: [Double]
  /// Σ l_t along the trajectory.
  public internal(set) var cost = Double.infinity
  /// Feedback around the trajectory: u = u_t + K_t (x - x_t) as of the last backward pass.
  public var law: FeedbackLaw { recursion.law }

  let dynamics: Dynamics
  var simulation: Dynamics.Simulation
  var problem: LinearQuadraticProblem
  var recursion: RiccatiRecursion
  var schedule: RegularizationSchedule
  let low: [Double]
  let high: [Double]
  var candidateStates: [Double]
  var candidateActions: [Double]
  var costs: [Double]
  var multipliers: [Double]
  var change: [Double]
  var isExpanded = false

  /// Actions in a trajectory, T.
  public var horizon: Int { settings.horizon }

  /// Scratch for trajectories in `dynamics`, with actions within `bounds`, by default the dynamics'.
  public init(
    _ settings: IterativeLQRSettings, dynamics: Dynamics, bounds: (low: [Double], high: [Double])? = nil
  ) {
    let (horizon, n, k, m) = (settings.horizon, dynamics.stateSize, dynamics.tangentSize, dynamics.actionSize)
    self.settings = settings
    self.dynamics = dynamics
    simulation = dynamics.makeSimulation()
    problem = LinearQuadraticProblem(horizon: horizon, stateSize: k, actionSize: m)
    recursion = RiccatiRecursion(horizon: horizon, stateSize: k, actionSize: m)
    schedule = RegularizationSchedule(
      initial: settings.regularization, least: settings.leastRegularization, largest: settings.largestRegularization,
      rate: settings.regularizationRate)
    let bounds = bounds ?? dynamics.actionBounds
    low = settings.bounded ? bounds.low : Array(repeating: -.infinity, count: m)
    high = settings.bounded ? bounds.high : Array(repeating: .infinity, count: m)
    if settings.bounded {
      let none = [Double](repeating: 0, count: horizon * m)
      problem.bounds = LinearQuadraticProblem.ActionBounds(low: none, high: none)
    }
    states = Array(repeating: 0, count: (horizon + 1) * n)
    candidateStates = states
    actions = Array(repeating: 0, count: (horizon + 1) * m)
    candidateActions = actions
    costs = Array(repeating: 0, count: horizon + 1)
    multipliers = Array(repeating: 0, count: (horizon + 1) * k)
    change = Array(repeating: 0, count: k)
    for i in actions.indices { actions[i] = Swift.min(Swift.max(0, low[i % m]), high[i % m]) }
  }

  /// Sets x_0 to what `observation` shows and follows the actions there are.
  public mutating func start(fromObservation observation: [Float]) -> Bool {
    states.withUnsafeMutableBufferPointer { states in
      observation.withUnsafeBufferPointer { observation in
        guard let state = states.baseAddress, let observation = observation.baseAddress else { return }
        simulation.setState(state, fromObservation: observation)
      }
    }
    return follow()
  }

  /// Sets x_0 [n] and follows the actions there are, or `actions` [T, m]. False if the trajectory diverges.
  public mutating func start(from state: [Double], actions given: [Double]? = nil) -> Bool {
    precondition(state.count == dynamics.stateSize, "\(state.count) numbers of a state of \(dynamics.stateSize)")
    for i in state.indices { states[i] = state[i] }
    if let given { set(given) }
    return follow()
  }

  /// The same from the state that `observation` [D] shows, with `actions` [T, m].
  public mutating func start(fromObservation observation: UnsafePointer<Float>, actions given: [Double]) -> Bool {
    states.withUnsafeMutableBufferPointer { states in
      if let state = states.baseAddress { simulation.setState(state, fromObservation: observation) }
    }
    set(given)
    return follow()
  }

  private mutating func set(_ given: [Double]) {
    let m = dynamics.actionSize
    precondition(given.count == horizon * m, "\(given.count) numbers are not \(horizon) actions of \(m)")
    for i in given.indices { actions[i] = Swift.min(Swift.max(given[i], low[i % m]), high[i % m]) }
  }

  /// Drops the first `count` actions and repeats the last one at the end: the warm start of the next decision.
  public mutating func shift(by count: Int = 1) {
    let m = dynamics.actionSize
    for t in 0..<horizon {
      for i in 0..<m { actions[t * m + i] = actions[Swift.min(t + count, horizon - 1) * m + i] }
    }
    cost = .infinity
  }

  /// Actions nearest to zero, as at first.
  public mutating func reset() {
    let m = dynamics.actionSize
    for i in actions.indices { actions[i] = Swift.min(Swift.max(0, low[i % m]), high[i % m]) }
    cost = .infinity
    schedule.reset()
  }

  /// One iteration from a trajectory that `start` made.
  public mutating func iterate() -> IterationReport {
    precondition(cost.isFinite, "no finite trajectory to start from")
    if !isExpanded { expand() }
    var report = IterationReport(cost: cost)
    while true {
      report.regularization = schedule.value
      report.backwardPasses += 1
      let amount = schedule.value
      let outcome = recursion.solve(
        problem,
        regularization: settings.regularizationKind == .action
          ? Regularization(action: amount) : Regularization(state: amount))
      switch outcome {
      case .solved(let expected):
        report.correction = correction()
        if report.correction < settings.gradientTolerance {
          schedule.decrease()
          report.status = .converged(.correction)
          return report
        }
        if search(expected, &report) { return report }
      case .indefinite: break
      case .notFinite:
        report.status = .stopped(.notFinite)
        return report
      }
      if !schedule.increase() {
        report.status = .stopped(.regularization)
        return report
      }
    }
  }

  /// Iterates until convergence or the settings' number of iterations, or `iterations`.
  public mutating func optimize(iterations: Int? = nil) -> OptimizationReport {
    var report = OptimizationReport(cost: cost)
    for _ in 0..<(iterations ?? settings.iterations) {
      let step = iterate()
      report.iterations += 1
      (report.cost, report.status, report.regularization) = (step.cost, step.status, step.regularization)
      if step.status != .improved { break }
    }
    return report
  }

  /// Tries ever shorter steps; true if one was taken, or none is worth it.
  private mutating func search(_ expected: ExpectedChange, _ report: inout IterationReport) -> Bool {
    var alpha = 1.0
    let before = cost
    for _ in 0..<settings.stepLengths {
      let predicted = expected.change(alpha)
      let next = rollOut(alpha)
      let rounding = 1e-14 * Swift.max(1, abs(before))
      if next.isFinite, predicted < 0, next - before <= settings.sufficientShare * predicted {
        swap(&states, &candidateStates)
        swap(&actions, &candidateActions)
        cost = next
        isExpanded = false
        schedule.decrease()
        report.cost = next
        report.stepLength = alpha
        report.expectedImprovement = -predicted
        report.improvement = before - next
        let isSmall = before - next <= settings.costTolerance * Swift.max(abs(before), .leastNormalMagnitude)
        report.status = isSmall ? .converged(.improvement) : .improved
        return true
      }
      if predicted > -rounding {
        report.status = .converged(.rounding)
        return true
      }
      alpha *= settings.stepDecrease
    }
    return false
  }

  /// max |k| / (1 + |u|).
  private func correction() -> Double {
    var largest = 0.0
    for i in recursion.law.offsets.indices {
      largest = Swift.max(largest, abs(recursion.law.offsets[i]) / (1 + abs(actions[i])))
    }
    return largest
  }
}
