internal import Interfaces

/// When to save, where the time says so: a second after the last checkpoint, and later where that would take more than
/// 2 % of the time or write more of the state, which is written anew each time, than of replays, to which is only added.
package struct SavingPace {
  /// Bytes that a save has put on disk.
  package struct Written {
    /// Of the checkpoint itself, and of the best evaluation's where that was written with it.
    package var state = 0
    /// Appended to files of records.
    package var records = 0

    /// Nothing by default.
    package init(state: Int = 0, records: Int = 0) { (self.state, self.records) = (state, records) }
  }

  /// Shortest and longest time between two checkpoints that are not slow, in seconds.
  package static let shortest = 1.0
  package static let longest = 180.0
  /// Seconds of work for each second of saving.
  package static let workPerSaving = 49.0
  /// Bytes of state that may be written a second, besides as many as of replays.
  package static let stateRate = 8_000.0

  private var last: ContinuousClock.Instant
  private var dueAt: ContinuousClock.Instant

  /// A second from now on.
  package init(at now: ContinuousClock.Instant) { (last, dueAt) = (now, now + .seconds(Self.shortest)) }

  /// Whether it is time.
  package func isDue(at now: ContinuousClock.Instant) -> Bool { now >= dueAt }

  /// A checkpoint was written from `start` to `end`.
  package mutating func saved(
    from start: ContinuousClock.Instant, to end: ContinuousClock.Instant, _ written: Written
  ) {
    let recordRate = Double(written.records) / max(seconds(from: last, to: end), 1e-3)
    let spared = min(Self.longest, Double(written.state) / (Self.stateRate + recordRate))
    last = end
    dueAt = end + .seconds(max(Self.shortest, spared, Self.workPerSaving * seconds(from: start, to: end)))
  }
}
