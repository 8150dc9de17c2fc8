import Archive
import Configuration
import Kernels

/// Scores action sequences from the current state; the planner's view of a world and its particles.
public protocol PlanEvaluator {
  /// Decisions in a plan, H.
  var horizon: Int { get }
  /// Floats per action, A.
  var actionSize: Int { get }

  /// Predicted return of each of N plans: `plans` [N, H * A], plan by plan, time-major inside a plan; `returns` [N]. A
  /// return that is not finite comes back as -infinity and is counted in `nonFiniteReturns`. Does not allocate after
  /// the first call of a given N.
  mutating func evaluate(_ plans: Matrix, returns: inout [Float])

  /// Derivatives that it has; the next two must not be called without any.
  var gradients: GradientSupport { get }

  /// The same with the gradients [N, H * A] of the returns with respect to the plans, by backpropagation through the
  /// world.
  mutating func differentiate(_ plans: Matrix, returns: inout [Float], gradients: inout Matrix)

  /// Calls `body` with the world's expected steps and what they cost, with derivatives, and the observation [D] that
  /// plans start from; the dynamics are the same object as long as the world is the same.
  mutating func withDynamics(_ body: (any PlannedDynamics, UnsafePointer<Float>) -> Void)

  /// Returns so far that were not finite.
  var nonFiniteReturns: Int { get }
}

/// Dynamics and costs of imagined steps, with derivatives, whose states are observations: what a planner linearizes.
public protocol PlannedDynamics: AnyObject, DifferentiableDynamics where Simulation: CostSimulation {}

extension PlanEvaluator {
  public var gradients: GradientSupport { .none }

  public mutating func differentiate(_ plans: Matrix, returns: inout [Float], gradients: inout Matrix) {
    preconditionFailure("an evaluator without gradients was asked for them")
  }

  public mutating func withDynamics(_ body: (any PlannedDynamics, UnsafePointer<Float>) -> Void) {
    preconditionFailure("an evaluator without gradients was asked for its dynamics")
  }
}

/// What a planner asks of the worlds it plans in, beside returns.
public enum PlannerNeed: Sendable {
  /// Predicted returns suffice.
  case returns
  /// Gradients of returns, as `PlanEvaluator.differentiate` gives them.
  case gradients
  /// Linearized dynamics, as `PlanEvaluator.withDynamics` gives them.
  case dynamics
}

/// Searches for a good sequence of actions. Owns its warm start, and is its only owner.
public protocol Planner: Archived, Sendable {
  /// Its settings.
  associatedtype Settings: Configuration

  /// Its settings by default, for learned worlds; `Settings()` unless it says otherwise.
  static var defaults: Settings { get }

  /// Name on the command line.
  static var name: String { get }
  /// One line for lists.
  static var summary: String { get }
  /// Names of what it reports of each plan, none by default.
  static var metricNames: [String] { get }
  /// What `mpc` calls the search; the same for planners that do the same for different kinds of actions. Its name by
  /// default.
  static var search: String { get }
  /// What it asks of worlds; nothing by default.
  static var need: PlannerNeed { get }
  /// Whether it takes the proposals of `suggest`; false by default.
  static var takesSuggestions: Bool { get }
  /// Whether it plans actions of `space`.
  static func plans(_ space: ActionSpace) -> Bool

  /// A planner for actions of `space`, which must be one that it plans.
  init(_ settings: Settings, for space: ActionSpace)

  /// Decisions in a plan, H.
  var horizon: Int { get }

  /// Forgets the warm start; called when an episode starts.
  mutating func reset()

  /// Proposes a start of the next search, such as what a policy would do: `plan` [H * A], time-major. A planner may
  /// prefer its warm start, or ignore the proposal, as it does by default. Does not allocate.
  mutating func suggest(_ plan: [Float])

  /// Plans with `evaluator` and writes the first decisions, as many as `action` has room for (k * A floats,
  /// 1 <= k <= H), then shifts the warm start by as many. All randomness comes from `random`. Does not allocate after the first
  /// call.
  mutating func plan(
    with evaluator: inout some PlanEvaluator, using random: inout RandomStream,
    action: inout [Float])

  /// Records the metrics of the last plan, each of `metricNames` that it has. Does not allocate.
  func record(into metrics: inout MetricRow)
}

extension Planner {
  public static var defaults: Settings { Settings() }
  public static var metricNames: [String] { [] }
  public static var search: String { name }
  public static var need: PlannerNeed { .returns }
  public static var takesSuggestions: Bool { false }

  /// Ignored.
  public mutating func suggest(_ plan: [Float]) {}

  /// For planners that report nothing.
  public func record(into metrics: inout MetricRow) {}
}

/// A planner for actions that are vectors of reals.
public protocol ContinuousPlanner: Planner {
  /// A planner for actions between the bounds `low` and `high` [A].
  init(_ settings: Settings, low: [Float], high: [Float])
}

extension ContinuousPlanner {
  public static func plans(_ space: ActionSpace) -> Bool { if case .box = space { true } else { false } }

  public init(_ settings: Settings, for space: ActionSpace) {
    let (low, high) = space.bounds
    self.init(settings, low: low, high: high)
  }
}

/// A planner for actions that are choices.
public protocol DiscretePlanner: Planner {
  /// A planner for actions of one of `choices[i]` choices in each component i [A].
  init(_ settings: Settings, choices: [Int])
}

extension DiscretePlanner {
  public static func plans(_ space: ActionSpace) -> Bool { if case .box = space { false } else { true } }

  public init(_ settings: Settings, for space: ActionSpace) {
    switch space {
    case .discrete(let count): self.init(settings, choices: [count])
    case .multiDiscrete(let counts): self.init(settings, choices: counts)
    case .box: preconditionFailure("\(Self.name) plans choices, not reals")
    }
  }
}
