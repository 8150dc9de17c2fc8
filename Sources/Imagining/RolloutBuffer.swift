import Interfaces
import Kernels

/// The imagined transitions of a shard until they are appended to a replay buffer, and which of its rows are active.
final class RolloutBuffer {
  /// Most transitions.
  let capacity: Int
  private(set) var batch: TransitionBatch
  /// Transitions in use: the first of `batch`.
  private(set) var count = 0
  /// Rows that were predicted to terminate.
  private(set) var terminations = 0
  /// Rows that were cut before a step that was not finite.
  private(set) var nonFinite = 0
  /// Rows that were cut before a step that left the bounds.
  private(set) var outside = 0
  /// Rows that were cut before a step that the members of the world disagree on.
  private(set) var disputed = 0
  private var active: [Int32]
  private var activeCount = 0

  init(capacity: Int, observationSize: Int, actionSize: Int) {
    self.capacity = capacity
    batch = TransitionBatch(count: capacity, observationSize: observationSize, actionSize: actionSize)
    active = Array(repeating: 0, count: capacity)
  }

  /// Whether any row is active.
  var hasActive: Bool { activeCount > 0 }

  /// Starts `rows` trajectories.
  func begin(_ rows: Int) {
    precondition(rows <= capacity, "\(rows) rows in room for \(capacity)")
    for row in 0..<rows { active[row] = Int32(row) }
    (activeCount, count, terminations, nonFinite, outside, disputed) = (rows, 0, 0, 0, 0, 0)
  }

  /// Ends the rows that `isOver` says are.
  func endRows(_ isOver: (_ row: Int) -> Bool) {
    var kept = 0
    for index in 0..<activeCount where !isOver(Int(active[index])) {
      active[kept] = active[index]
      kept += 1
    }
    activeCount = kept
  }

  /// Ends the rows whose spread [rows] is above `limit`, or not a number.
  func endDisputed(_ spreads: UnsafePointer<Float>, limit: Float) {
    let before = activeCount
    endRows { !(spreads[$0] <= limit) }
    disputed += before - activeCount
  }

  /// Appends the next step of all active rows. Steps that are not finite, or lead out of `bounds`, are left out; they and
  /// terminations end a row.
  func append(_ step: PredictedStep, within bounds: StateBounds?) {
    let (states, actions, next) = (step.states, step.actions, step.next)
    let (rewards, terminated) = (step.rewards, step.terminated)
    precondition(count + activeCount <= capacity, "\(activeCount) more transitions in room for \(capacity)")
    let (size, actionSize) = (batch.observations.columns, batch.actions.columns)
    let (s, a, n) = (
      batch.observations.mutablePointer, batch.actions.mutablePointer, batch.nextObservations.mutablePointer
    )
    let (r, c) = (batch.rewards.mutablePointer, batch.continues.mutablePointer)
    var (kept, place) = (0, count)
    active.withUnsafeMutableBufferPointer { active in
      for index in 0..<activeCount {
        let row = Int(active[index])
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
        if let bounds, !bounds.contain(to) {
          outside += 1
          continue
        }
        r[place] = rewards[row]
        c[place] = terminated[row] ? 0 : 1
        place += 1
        if terminated[row] {
          terminations += 1
        } else {
          active[kept] = Int32(row)
          kept += 1
        }
      }
    }
    (count, activeCount) = (place, kept)
  }
}

/// Between which states imagined trajectories are believed.
public struct StateBounds: Sendable, Equatable {
  /// Least value of each component, [D].
  public let low: [Float]
  /// Greatest value of each component, [D].
  public let high: [Float]

  /// Bounds [D] each, inclusive.
  public init(low: [Float], high: [Float]) {
    precondition(low.count == high.count, "bounds of different sizes")
    (self.low, self.high) = (low, high)
  }

  /// Whether `state` [D] lies within.
  func contain(_ state: UnsafePointer<Float>) -> Bool {
    for i in low.indices where !(state[i] >= low[i] && state[i] <= high[i]) { return false }
    return true
  }
}
