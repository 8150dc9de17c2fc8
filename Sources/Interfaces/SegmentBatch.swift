import Kernels

/// Steps that follow each of B transitions in its episode, structure of arrays, preallocated and reused: row b, step t
/// at b * n + t. Steps from `lengths[b]` on mean nothing.
public struct SegmentBatch: Sendable {
  /// Most steps of a segment, n.
  public let steps: Int
  /// Steps there are, 1...n, [B].
  public var lengths: [Int]
  /// Rewards r_t, [B, n].
  public var rewards: Matrix
  /// 0 where the step terminated its episode, else 1, [B, n].
  public var continues: Matrix
  /// Observations s_{t+1}, [B * n, D].
  public var next: Matrix
  /// Actions a_{t+1} for t + 1 < length, [B * n, A].
  public var nextActions: Matrix
  /// Probability with which behaviour took a_{t+1}, [B, n].
  public var nextProbabilities: Matrix

  /// Zeros for `count` segments.
  public init(count: Int, steps: Int, observationSize: Int, actionSize: Int) {
    self.steps = steps
    lengths = Array(repeating: 0, count: count)
    rewards = Matrix(rows: count, columns: steps)
    continues = Matrix(rows: count, columns: steps)
    next = Matrix(rows: count * steps, columns: observationSize)
    nextActions = Matrix(rows: count * steps, columns: actionSize)
    nextProbabilities = Matrix(rows: count, columns: steps)
  }

  /// Number of segments, B.
  public var count: Int { lengths.count }
}
