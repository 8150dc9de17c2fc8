internal import Interfaces

/// When to save so that saving takes at most 2 % of the time: a second after the last checkpoint or, if it took longer
/// than 20 ms, 49 times what it took.
struct SavingPace {
  /// Shortest time between two checkpoints, in seconds.
  static let shortest = 1.0
  /// Seconds of work for each second of saving.
  static let workPerSaving = 49.0

  private var dueAt: ContinuousClock.Instant

  /// A second from now on.
  init(at now: ContinuousClock.Instant) { dueAt = now + .seconds(Self.shortest) }

  /// Whether it is time.
  func isDue(at now: ContinuousClock.Instant) -> Bool { now >= dueAt }

  /// A checkpoint was written from `start` to `end`.
  mutating func saved(from start: ContinuousClock.Instant, to end: ContinuousClock.Instant) {
    dueAt = end + .seconds(max(Self.shortest, Self.workPerSaving * seconds(from: start, to: end)))
  }
}
