import Kernels

/// N states and actions with the values that a learner's critics should have there, preallocated and reused.
public struct ValueBatch: Sendable {
  /// Observations, [N, D].
  public var observations: Matrix
  /// Actions in the environment's units, [N, A].
  public var actions: Matrix
  /// Values Q(s, a) to fit, [N].
  public var targets: Vector
  /// Factor of each row's squared error, [N]; 1 at first, 0 for rows that do not count (states imagined after an end).
  public var weights: Vector

  /// Zeros for `count` rows of an environment with those sizes, all weights 1.
  public init(count: Int, observationSize: Int, actionSize: Int) {
    observations = Matrix(rows: count, columns: observationSize)
    actions = Matrix(rows: count, columns: actionSize)
    targets = Vector(count: count)
    weights = Vector(count: count)
    weights.fill(1)
  }

  /// Number of rows, N.
  public var count: Int { targets.count }
}
