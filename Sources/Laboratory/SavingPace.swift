internal import Interfaces

/// When to save, where the time says so: a second after the last checkpoint, and later where that would take more than
/// 2 % of the time or write more of the state, which is written anew each time, than of replays, to which is only added.
struct SavingPace {
  /// Bytes that a checkpoint has put on disk.
  struct Written {
    var state = 0
    var records = 0
  }

  /// Shortest and longest time between two checkpoints that are not slow, in seconds.
  static let shortest = 1.0
  static let longest = 180.0
  /// Seconds of work for each second of saving.
  static let workPerSaving = 49.0
  /// Bytes of state that may be written a second, besides as many as of replays.
  static let stateRate = 8_000.0

  private var last: ContinuousClock.Instant
  private var dueAt: ContinuousClock.Instant

  /// A second from now on.
  init(at now: ContinuousClock.Instant) { (last, dueAt) = (now, now + .seconds(Self.shortest)) }

  /// Whether it is time.
  func isDue(at now: ContinuousClock.Instant) -> Bool { now >= dueAt }

  /// A checkpoint was written from `start` to `end`.
  mutating func saved(from start: ContinuousClock.Instant, to end: ContinuousClock.Instant, _ written: Written) {
    let recordRate = Double(written.records) / max(seconds(from: last, to: end), 1e-3)
    let spared = min(Self.longest, Double(written.state) / (Self.stateRate + recordRate))
    last = end
    dueAt = end + .seconds(max(Self.shortest, spared, Self.workPerSaving * seconds(from: start, to: end)))
  }
}
