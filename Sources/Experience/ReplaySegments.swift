import Archive
import Interfaces
import Kernels

/// Finds the steps after a transition in a `ReplayBuffer` that keeps times and to which single steps of all copies are
/// appended in turn, and remembers how probable each action was when it was taken.
public struct ReplaySegments: Sendable {
  /// Copies of the environment.
  public var copies = 1
  /// Of each slot.
  private var probabilities: Vector

  /// For a buffer of that capacity.
  public init(capacity: Int) { probabilities = Vector(count: capacity) }

  /// Remembers how probable the actions of all copies were [copies], before their step is appended to `replay`.
  public mutating func note(_ taken: UnsafePointer<Float>, before replay: ReplayBuffer) {
    let base = probabilities.mutablePointer
    for copy in 0..<copies { base[(replay.appended + copy) % replay.capacity] = taken[copy] }
  }

  /// Fills `batch` with the segments that start at transitions `indices` (0 is the oldest held): they end after n
  /// steps, with their episode, or with what there is so far. O(B n), no allocation.
  public func gather(
    _ indices: UnsafeBufferPointer<Int32>, from replay: ReplayBuffer, into batch: inout SegmentBatch
  ) {
    precondition(replay.keepsTimes && indices.count == batch.count, "segments of another buffer or batch")
    let (steps, d, a) = (batch.steps, replay.observationSize, replay.actionSize)
    let (rewards, continues) = (batch.rewards.mutablePointer, batch.continues.mutablePointer)
    let (next, actions) = (batch.next.mutablePointer, batch.nextActions.mutablePointer)
    let taken = batch.nextProbabilities.mutablePointer
    for b in 0..<indices.count {
      var (index, length) = (Int(indices[b]), 0)
      while true {
        let (slot, place) = ((replay.firstSlot + index) % replay.capacity, b * steps + length)
        rewards[place] = replay.rewards.pointer[slot]
        continues[place] = replay.continues.pointer[slot]
        replay.copyNextObservation(ofSlot: slot, to: next + place * d)
        length += 1
        let (later, laterSlot) = (index + copies, (slot + copies) % replay.capacity)
        guard length < steps, later < replay.count, continues[place] != 0,
          replay.times.pointer[laterSlot] == replay.times.pointer[slot] + 1
        else { break }
        (actions + place * a).update(from: replay.actions.pointer + laterSlot * a, count: a)
        taken[place] = probabilities.pointer[laterSlot]
        index = later
      }
      batch.lengths[b] = length
    }
  }
}

extension ReplaySegments: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("probabilities", &probabilities)
  }
}
