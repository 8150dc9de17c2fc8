/// One trajectory of T steps, as local models look at it.
public struct SampledTrajectory: Sendable, Equatable {
  /// Numbers in a state, n.
  public let stateSize: Int
  /// Numbers in an action, m.
  public let actionSize: Int
  /// x_0 ... x_T, [T + 1, n].
  public var states: [Double]
  /// u_0 ... u_{T-1}, and zeros, [T + 1, m].
  public var actions: [Double]

  /// Zeros for `horizon` steps.
  public init(horizon: Int, stateSize: Int, actionSize: Int) {
    precondition(horizon >= 0 && stateSize > 0 && actionSize > 0, "empty trajectory")
    self.stateSize = stateSize
    self.actionSize = actionSize
    states = Array(repeating: 0, count: (horizon + 1) * stateSize)
    actions = Array(repeating: 0, count: (horizon + 1) * actionSize)
  }

  /// Number of steps, T.
  public var horizon: Int { states.count / stateSize - 1 }
}

extension TimedRows {
  /// The transitions of `samples`, all of the same length: z = (x_t, u_t), y = x_{t+1}.
  public init(transitionsOf samples: [SampledTrajectory]) {
    guard let first = samples.first else { preconditionFailure("no trajectories") }
    let (n, m, horizon) = (first.stateSize, first.actionSize, first.horizon)
    self.init(count: samples.count, times: horizon, inputSize: n + m, outputSize: n)
    for (index, sample) in samples.enumerated() {
      precondition(sample.horizon == horizon, "trajectories of different lengths")
      for t in 0..<horizon {
        let row = (t * count + index) * width
        for i in 0..<n {
          values[row + i] = sample.states[t * n + i]
          values[row + n + m + i] = sample.states[(t + 1) * n + i]
        }
        for i in 0..<m { values[row + n + i] = sample.actions[t * m + i] }
      }
    }
  }
}
