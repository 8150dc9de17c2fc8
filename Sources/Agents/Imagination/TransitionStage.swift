import Interfaces
import Kernels

/// Where a shard's imagined transitions wait, and which of its rows go on.
final class TransitionStage {
  /// Most transitions.
  let capacity: Int
  private(set) var batch: TransitionBatch
  /// Transitions in use: the first of `batch`.
  private(set) var count = 0
  /// Rows that were predicted to terminate.
  private(set) var terminations = 0
  /// Rows that were cut before a step that was not finite.
  private(set) var nonFinite = 0
  private var live: [Int32]
  private var liveCount = 0

  init(capacity: Int, observationSize: Int, actionSize: Int) {
    self.capacity = capacity
    batch = TransitionBatch(count: capacity, observationSize: observationSize, actionSize: actionSize)
    live = Array(repeating: 0, count: capacity)
  }

  /// Whether any row goes on.
  var goesOn: Bool { liveCount > 0 }

  /// Starts `rows` trajectories.
  func begin(_ rows: Int) {
    precondition(rows <= capacity, "\(rows) rows in room for \(capacity)")
    for row in 0..<rows { live[row] = Int32(row) }
    (liveCount, count, terminations, nonFinite) = (rows, 0, 0, 0)
  }

  /// Takes in the next step of all rows that go on: `states` and `next` [rows, D], `actions` [rows, A], `rewards` and
  /// `terminated` [rows]. Steps that are not finite are left out.
  func take(
    states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafePointer<Float>, terminated: UnsafePointer<Bool>
  ) {
    precondition(count + liveCount <= capacity, "\(liveCount) more transitions in room for \(capacity)")
    let (size, actionSize) = (batch.observations.columns, batch.actions.columns)
    let (s, a, n) = (
      batch.observations.mutablePointer, batch.actions.mutablePointer, batch.nextObservations.mutablePointer
    )
    let (r, c) = (batch.rewards.mutablePointer, batch.continues.mutablePointer)
    var (kept, place) = (0, count)
    live.withUnsafeMutableBufferPointer { live in
      for index in 0..<liveCount {
        let row = Int(live[index])
        let (from, to) = (states + row * size, next + row * size)
        // 0 times anything that is not finite is NaN
        var check = rewards[row] * 0
        for i in 0..<size {
          check += to[i] * 0
          s[place * size + i] = from[i]
          n[place * size + i] = to[i]
        }
        for i in 0..<actionSize { a[place * actionSize + i] = actions[row * actionSize + i] }
        guard check == 0 else {
          nonFinite += 1
          continue
        }
        r[place] = rewards[row]
        c[place] = terminated[row] ? 0 : 1
        place += 1
        if terminated[row] {
          terminations += 1
        } else {
          live[kept] = Int32(row)
          kept += 1
        }
      }
    }
    (count, liveCount) = (place, kept)
  }
}
