import Interfaces

/// T steps of linear dynamics under quadratic costs:
///
///     x_{t+1} = A_t x_t + B_t u_t + c_t
///     cost    = Σ_{t<T} l_t(x_t, u_t) + l_T(x_T),    l_t as `QuadraticCosts` writes it
///
/// with optional bounds on the actions. Preallocated and reused; the fields may be written at will.
public struct LinearQuadraticProblem: Sendable {
  /// Number of steps, T.
  public let horizon: Int
  /// Numbers in a state, n.
  public let stateSize: Int
  /// Numbers in an action, m.
  public let actionSize: Int
  /// A_t and B_t of T steps.
  public var dynamics: LinearizedTrajectory
  /// c_t, [T, n].
  public var offsets: [Double]
  /// l_t of T + 1 rows; of the last, the cost of the state that the last step leads to, only the state's part counts.
  public var costs: QuadraticCosts
  /// Bounds of the actions, [T, m] each, low at most high.
  public var bounds: ActionBounds?

  /// Lower and upper bounds of T actions.
  public struct ActionBounds: Sendable {
    /// Lower bounds [T, m].
    public var low: [Double]
    /// Upper bounds [T, m].
    public var high: [Double]

    /// Bounds of the change of each action, [T, m] each, time-major.
    public init(low: [Double], high: [Double]) {
      precondition(low.count == high.count, "\(low.count) lower and \(high.count) upper bounds")
      self.low = low
      self.high = high
    }
  }

  /// A problem of zeros, without bounds.
  public init(horizon: Int, stateSize: Int, actionSize: Int) {
    precondition(horizon > 0 && stateSize > 0 && actionSize > 0, "empty problem")
    self.horizon = horizon
    self.stateSize = stateSize
    self.actionSize = actionSize
    dynamics = LinearizedTrajectory(count: horizon, tangentSize: stateSize, actionSize: actionSize)
    offsets = Array(repeating: 0, count: horizon * stateSize)
    costs = QuadraticCosts(count: horizon + 1, tangentSize: stateSize, actionSize: actionSize)
  }
}

/// Affine feedback u_t = K_t x_t + k_t over T steps.
public struct FeedbackLaw: Sendable {
  /// Number of steps, T.
  public let horizon: Int
  /// Numbers in a state, n.
  public let stateSize: Int
  /// Numbers in an action, m.
  public let actionSize: Int
  /// K_t, [T, m, n] row-major.
  public var gains: [Double]
  /// k_t, [T, m].
  public var offsets: [Double]

  /// Zeros.
  public init(horizon: Int, stateSize: Int, actionSize: Int) {
    self.horizon = horizon
    self.stateSize = stateSize
    self.actionSize = actionSize
    gains = Array(repeating: 0, count: horizon * actionSize * stateSize)
    offsets = Array(repeating: 0, count: horizon * actionSize)
  }
}
