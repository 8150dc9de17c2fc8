import Kernels

/// N transitions, structure-of-arrays, preallocated and reused.
public struct TransitionBatch: Sendable {
  /// Observations at time t, [N, D].
  public var observations: Matrix
  /// Actions at time t, [N, A].
  public var actions: Matrix
  /// Rewards of the step from t to t + 1, [N].
  public var rewards: Vector
  /// Observations at time t + 1, [N, D].
  public var nextObservations: Matrix
  /// 1 where the episode could go on after t + 1, 0 where it terminated (a truncated one counts as 1), [N]. Where rewards are
  /// returns of n steps, times the discount to the power of n - 1.
  public var continues: Vector
  /// t, the time within the episode, [N]; empty where it is not wanted.
  public var times: [Int]
  /// Factor of each row's error where replay is not uniform, [N]; empty where all count alike.
  public var weights = Vector(count: 0)

  /// Zeros for `count` transitions of an environment with those sizes.
  public init(count: Int, observationSize: Int, actionSize: Int, keepsTimes: Bool = false) {
    times = keepsTimes ? Array(repeating: 0, count: count) : []
    observations = Matrix(rows: count, columns: observationSize)
    actions = Matrix(rows: count, columns: actionSize)
    rewards = Vector(count: count)
    nextObservations = Matrix(rows: count, columns: observationSize)
    continues = Vector(count: count)
  }

  /// Number of transitions, N.
  public var count: Int { rewards.count }
}
