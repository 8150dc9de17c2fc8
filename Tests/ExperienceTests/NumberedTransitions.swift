import Experience
import Interfaces
import Kernels

/// Transitions all of whose fields are functions of one number, so that a mixture of two is seen.
enum NumberedTransitions {
  static let observationSize = 3
  static let actionSize = 2

  static func observation(_ id: Int) -> [Float] { [Float(id), Float(id) + 0.25, -Float(id)] }
  static func action(_ id: Int) -> [Float] { [Float(2 * id), Float(id % 7)] }
  static func next(_ id: Int) -> [Float] { observation(id).map { $0 + 0.5 } }
  static func reward(_ id: Int) -> Float { Float(3 * id) }
  static func continues(_ id: Int) -> Bool { id % 3 != 0 }

  static func append(_ ids: Range<Int>, to buffer: inout ReplayBuffer) {
    for id in ids {
      buffer.append(observation(id), action(id), reward: reward(id), next: next(id), continues: continues(id))
    }
  }

  static func buffer(capacity: Int, holding ids: Range<Int>) -> ReplayBuffer {
    var buffer = ReplayBuffer(capacity: capacity, observationSize: observationSize, actionSize: actionSize)
    append(ids, to: &buffer)
    return buffer
  }

  static func batch(_ count: Int) -> TransitionBatch {
    TransitionBatch(count: count, observationSize: observationSize, actionSize: actionSize)
  }

  /// Number of the transition in a row of `batch`; nil if its fields do not belong together.
  static func id(in batch: TransitionBatch, row: Int) -> Int? {
    let id = Int(batch.observations[row, 0])
    let isWhole =
      Array(batch.observations.row(row)) == observation(id) && Array(batch.actions.row(row)) == action(id)
      && batch.rewards[row] == reward(id) && Array(batch.nextObservations.row(row)) == next(id)
      && batch.continues[row] == (continues(id) ? 1 : 0)
    return isWhole ? id : nil
  }

  /// Numbers of all rows.
  static func ids(_ batch: TransitionBatch) -> [Int?] { (0..<batch.count).map { id(in: batch, row: $0) } }

  /// Numbers of the transitions at `indices`, through `gather`.
  static func ids(_ buffer: ReplayBuffer, at indices: [Int]) -> [Int?] {
    var batch = batch(max(indices.count, 1))
    indices.map { Int32($0) }.withUnsafeBufferPointer { buffer.gather($0, into: &batch) }
    return Array(ids(batch).prefix(indices.count))
  }
}
