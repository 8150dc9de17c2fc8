/// Seconds from `start` to `end`, on a clock that runs on while the machine sleeps.
package func seconds(from start: ContinuousClock.Instant, to end: ContinuousClock.Instant = .now) -> Double {
  (end - start) / .seconds(1)
}
