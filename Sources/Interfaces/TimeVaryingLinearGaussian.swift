/// Linear-Gaussian dynamics of T steps: x_{t+1} ~ N(A_t x_t + B_t u_t + c_t, N_t).
public struct TimeVaryingLinearGaussian: Sendable, Equatable {
  /// Number of steps, T.
  public let count: Int
  /// Numbers in a state, n.
  public let stateSize: Int
  /// Numbers in an action, m.
  public let actionSize: Int
  /// A_t, [T, n, n] row-major.
  public var stateMatrices: [Double]
  /// B_t, [T, n, m] row-major.
  public var actionMatrices: [Double]
  /// c_t, [T, n].
  public var offsets: [Double]
  /// N_t, [T, n, n], symmetric and positive semidefinite.
  public var covariances: [Double]

  /// Zeros for `count` steps.
  public init(count: Int, stateSize: Int, actionSize: Int) {
    precondition(count >= 0 && stateSize > 0 && actionSize > 0, "empty dynamics")
    self.count = count
    self.stateSize = stateSize
    self.actionSize = actionSize
    stateMatrices = Array(repeating: 0, count: count * stateSize * stateSize)
    actionMatrices = Array(repeating: 0, count: count * stateSize * actionSize)
    offsets = Array(repeating: 0, count: count * stateSize)
    covariances = Array(repeating: 0, count: count * stateSize * stateSize)
  }
}
