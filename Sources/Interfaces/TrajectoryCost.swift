/// What the states and actions of a trajectory cost: a known function with derivatives, of the observation taken as the
/// state and of the action. Local models need no more of a task than this.
///
/// A trajectory of T steps costs Σ_{t=0..T} l_t(x_t, u_t), where u_T = 0: a task that rewards a step by the state it leads
/// to and by the action pays for x_1 ... x_T and u_0 ... u_{T-1}; the cost of x_0, which nobody chose, is a constant.
public protocol TrajectoryCost: Sendable {
  /// Doubles per state, n: the observation's size.
  var stateSize: Int { get }
  /// Doubles per action, m.
  var actionSize: Int { get }

  /// Writes to `costs` [T + 1] l_t of `states` [T + 1, n] and `actions` [T + 1, m], the last action being zero. `horizon` is
  /// T: costs may depend on time. Does not allocate.
  func evaluate(
    horizon: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, costs: UnsafeMutablePointer<Double>)

  /// Expands the same to second order into the T + 1 rows of `costs`. Does not allocate.
  func quadratize(
    horizon: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, into costs: inout QuadraticCosts)
}

/// A task for local models: its cost is known, and its episodes start from one of a few conditions, in turn.
public protocol ConditionedEnvironment: Environment {
  /// The cost of its trajectories; a step's reward is minus the cost of the state it leads to and of the action.
  var trajectoryCost: any TrajectoryCost { get }

  /// The observations that episodes start from, without noise, one a condition; empty where starts are drawn from a
  /// continuum. Episode e of those that this value resets starts from condition e modulo their number.
  var conditions: [[Float]] { get }
}
