import Archive
import Configuration
import Kernels

/// Scores action sequences from the current state; the planner's view of model, objective and particles together.
public protocol PlanEvaluator {
  /// Decisions in a plan, H.
  var horizon: Int { get }
  /// Floats per action, A.
  var actionSize: Int { get }

  /// Predicted return of each of N plans: `plans` [N, H * A], plan by plan, time-major inside a plan; `returns` [N]. A
  /// return that is not finite comes back as -infinity and is counted in `nonFiniteReturns`. Does not allocate after
  /// the first call of a given N.
  mutating func evaluate(_ plans: Matrix, returns: inout [Float])

  /// The same with the gradients [N, H * A] of the returns with respect to the plans, by backpropagation through the model.
  /// False, with nothing evaluated, where model or rewards cannot be differentiated, as here by default.
  mutating func differentiate(_ plans: Matrix, returns: inout [Float], gradients: inout Matrix) -> Bool

  /// Lends the model's expected steps and what they cost, with derivatives, and the state [D] that plans start from; the
  /// dynamics are the same object as long as the model is the same. False, with `body` not called, where model or rewards
  /// cannot be differentiated, as here by default.
  mutating func withDynamics(_ body: (any PlannedDynamics, UnsafePointer<Float>) -> Void) -> Bool

  /// Returns so far that were not finite.
  var nonFiniteReturns: Int { get }
}

/// Dynamics and costs of imagined steps, with derivatives, whose states are observations: what a planner linearizes.
public protocol PlannedDynamics: AnyObject, DifferentiableDynamics where Simulation: CostSimulation {}

extension PlanEvaluator {
  public mutating func withDynamics(_ body: (any PlannedDynamics, UnsafePointer<Float>) -> Void) -> Bool { false }
  public mutating func differentiate(_ plans: Matrix, returns: inout [Float], gradients: inout Matrix) -> Bool { false }
}

/// Settings that every planner has.
public protocol PlannerConfiguration: Configuration {
  /// Decisions in a plan, H.
  var horizon: Int { get set }
}

/// Searches for a good sequence of actions. Owns its warm start, and is its only owner.
public protocol Planner: Checkpointable, Sendable {
  /// What can be set.
  associatedtype Settings: PlannerConfiguration

  /// Name on the command line.
  static var name: String { get }
  /// One line for lists.
  static var summary: String { get }
  /// Whether it needs derivatives, as `PlanEvaluator.differentiate` and `withDynamics` give them; most do not.
  static var needsGradients: Bool { get }

  /// Forgets the warm start; called when an episode starts.
  mutating func reset()

  /// Proposes a start of the next search, such as what a policy would do: `plan` [H * A], time-major. A planner may prefer
  /// its warm start, or ignore the proposal, as it does by default. Does not allocate.
  mutating func suggest(_ plan: [Float])

  /// Plans with `evaluator` and writes the first decisions, as many as `action` has room for (k * A floats, 1 <= k <= H),
  /// then shifts the warm start by as many. All randomness comes from `random`. Does not allocate after the first call.
  mutating func plan(
    with evaluator: inout some PlanEvaluator, using random: inout RandomStream,
    action: inout [Float])
}

extension Planner {
  /// Ignored.
  public mutating func suggest(_ plan: [Float]) {}
}

/// A planner for actions that are vectors of reals.
public protocol ContinuousPlanner: Planner {
  /// A planner for actions between the bounds `low` and `high` [A].
  init(_ settings: Settings, low: [Float], high: [Float])
}

/// A planner for actions that are choices.
public protocol DiscretePlanner: Planner {
  /// A planner for actions of one of `choices[i]` choices in each component i [A].
  init(_ settings: Settings, choices: [Int])
}

extension Planner {
  public static var needsGradients: Bool { false }
}
