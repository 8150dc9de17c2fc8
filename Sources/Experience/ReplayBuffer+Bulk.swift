import Archive
import Interfaces
import Kernels

extension ReplayBuffer {
  /// Appends the first `rows` transitions of `batch` in their order, over the oldest held where there is no room. O(rows), no
  /// allocation.
  public mutating func append(_ batch: TransitionBatch, count rows: Int) {
    precondition(
      rows <= batch.count && batch.observations.columns == observationSize && batch.actions.columns == actionSize,
      "batch of another shape")
    precondition(images == nil, "images are appended one by one")
    reserve(min(capacity, count + rows))
    // What this very call would overwrite is passed over.
    var row = max(0, rows - capacity)
    appended += row
    while row < rows {
      let slot = appended % capacity
      let length = min(rows - row, capacity - slot)
      copy(batch, from: row, to: slot, count: length)
      row += length
      appended += length
    }
    count = min(appended, capacity)
  }

  /// Appends copy `index`'s step of `round`, over the oldest transition if full.
  public mutating func append(_ index: Int, of round: CopySteps) {
    precondition(
      round.observations.columns == observationSize && round.actions.columns == actionSize, "step of another shape")
    withExtendedLifetime(round) {
      appendRow(
        round.observations.pointer + index * observationSize, round.actions.pointer + index * actionSize,
        reward: round.rewards[index], next: round.next.pointer + index * observationSize,
        continues: round.endings[index] == .terminated ? 0 : 1, time: round.times[index])
    }
  }

  /// All transitions of `dataset`, at least one, in their order.
  public init(_ dataset: TransitionDataset) {
    self.init(
      capacity: dataset.count, observationSize: dataset.observationSize, actionSize: dataset.actionSize)
    dataset.forEach { observation, action, outcome, next, time in
      appendRow(
        observation, action, reward: outcome.reward, next: next, continues: outcome.ending == .terminated ? 0 : 1,
        time: time)
    }
  }

  /// Adds `amounts` to the rewards of as many transitions from `first` on (0 is the oldest held).
  public mutating func addToRewards(_ amounts: [Float], from first: Int) {
    precondition(first >= 0 && first + amounts.count <= count, "transitions that are not held")
    let (base, start) = (rewards.mutablePointer, firstSlot + first)
    for (place, amount) in amounts.enumerated() { base[(start + place) % capacity] += amount }
  }

  /// Forgets all transitions. O(1).
  public mutating func removeAll() {
    (count, appended) = (0, 0)
    lineage = RecordLineage()
    images?.removeAll()
  }

  /// The newest transitions that fit, in their order, in a buffer of another capacity; not of images. O(capacity),
  /// allocates.
  public func resized(to capacity: Int) -> ReplayBuffer {
    var result = ReplayBuffer(capacity: capacity, observationSize: observationSize, actionSize: actionSize)
    precondition(images == nil, "images are appended one by one")
    let kept = min(count, capacity)
    result.reserve(kept)
    for k in 0..<kept {
      let slot = (appended - kept + k) % self.capacity
      func move(_ source: GrowingVector<Float>, _ target: inout GrowingVector<Float>, _ width: Int) {
        (target.mutablePointer + k * width).update(from: source.pointer + slot * width, count: width)
      }
      move(observations, &result.observations, observationSize)
      move(actions, &result.actions, actionSize)
      move(rewards, &result.rewards, 1)
      move(nextObservations, &result.nextObservations, observationSize)
      move(continues, &result.continues, 1)
    }
    (result.count, result.appended) = (kept, kept)
    return result
  }

  /// Draws where imagined trajectories branch off: all rows of `points`, uniformly with replacement from the `newest`
  /// transitions. O(rows), no allocation.
  public func sample(into points: inout RolloutStates, newest: Int = .max, using random: inout RandomStream) {
    precondition(newest > 0, "sampling from no transitions")
    sample(into: &points, from: appended - min(newest, count)..<appended, using: &random)
  }

  /// The same from those transitions that are still held of `numbers`, counted from the first one ever appended.
  public func sample(into points: inout RolloutStates, from numbers: Range<Int>, using random: inout RandomStream) {
    let held = numbers.clamped(to: appended - count..<appended)
    precondition(!held.isEmpty, "sampling from no transitions")
    precondition(
      points.states.columns == observationSize && points.actions.columns == actionSize, "points of another shape")
    let (s, a) = (points.states.mutablePointer, points.actions.mutablePointer)
    for row in 0..<points.count {
      let slot = (held.lowerBound + random.index(below: held.count)) % capacity
      if let images {
        images.copy(slot, next: false, to: s + row * observationSize)
      } else {
        (s + row * observationSize).update(from: observations.pointer + slot * observationSize, count: observationSize)
      }
      (a + row * actionSize).update(from: actions.pointer + slot * actionSize, count: actionSize)
      if keepsTimes && !points.times.isEmpty { points.times[row] = times.pointer[slot] }
    }
  }

  /// Overwrites slots from `slot` on by rows of `batch` from `row` on.
  private mutating func copy(_ batch: TransitionBatch, from row: Int, to slot: Int, count: Int) {
    func move(_ source: UnsafePointer<Float>, _ target: inout GrowingVector<Float>, _ width: Int) {
      (target.mutablePointer + slot * width).update(from: source + row * width, count: count * width)
    }
    withExtendedLifetime(batch) {
      move(batch.observations.pointer, &observations, observationSize)
      move(batch.actions.pointer, &actions, actionSize)
      move(batch.rewards.pointer, &rewards, 1)
      move(batch.nextObservations.pointer, &nextObservations, observationSize)
      move(batch.continues.pointer, &continues, 1)
    }
  }
}

/// Where imagined trajectories branch off from real ones: states, and the actions that were taken there. Preallocated and
/// reused.
public struct RolloutStates: Sendable {
  /// States, [N, D].
  public var states: Matrix
  /// Actions, [N, A].
  public var actions: Matrix
  /// Times of the states within their episodes, [N]; empty where they are not wanted.
  public var times: [Int]

  /// Zeros for `count` states of an environment with those sizes.
  public init(count: Int, observationSize: Int, actionSize: Int, keepsTimes: Bool = false) {
    states = Matrix(rows: count, columns: observationSize)
    actions = Matrix(rows: count, columns: actionSize)
    times = keepsTimes ? Array(repeating: 0, count: count) : []
  }

  /// Number of states, N.
  public var count: Int { states.rows }
}
