import Kernels

/// N stretches of H successive transitions of one episode each, structure of arrays by time, preallocated and reused:
/// row b of time t at t * N + b.
public struct SequenceBatch: Sendable {
  /// Number of stretches, N.
  public let count: Int
  /// Transitions of each, H.
  public let steps: Int
  /// Observations s_0 ... s_H, [(H + 1) * N, D].
  public var observations: Matrix
  /// Actions a_0 ... a_{H-1}, [H * N, A].
  public var actions: Matrix
  /// Rewards of the transitions, [H * N].
  public var rewards: Vector
  /// 0 where a transition terminated its episode, else 1, [H * N].
  public var continues: Vector

  /// Zeros.
  public init(count: Int, steps: Int, observationSize: Int, actionSize: Int) {
    (self.count, self.steps) = (count, steps)
    observations = Matrix(rows: (steps + 1) * count, columns: observationSize)
    actions = Matrix(rows: steps * count, columns: actionSize)
    rewards = Vector(count: steps * count)
    continues = Vector(count: steps * count)
  }
}
