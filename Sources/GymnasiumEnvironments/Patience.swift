/// Whether to look for what another process will do, or to sleep until it rings the bell.
///
/// Looking spares both the waking up, but on a busy machine it takes the processor from the one that is waited for. That
/// shows in looks that are in vain: after each, twice as many waits as after the last one sleep at once, and one less for
/// every 16 looks between that found something. So most waits sleep where more than one look in 64 is in vain.
package struct Patience {
  /// Most waits that sleep at once between two looks.
  package static let most = 4096
  private static let least = 4
  private static let looksPerSleep = 16

  /// Waits that slept after the last look in vain, less what looks since have taken back, times `looksPerSleep`.
  private var penalty = 0
  private var sleeps = 0

  /// One that may look, before any look.
  package init() {}

  /// Whether the next wait may look; asked once a wait.
  package mutating func mayLook() -> Bool {
    if sleeps == 0 { return true }
    sleeps -= 1
    return false
  }

  /// A look was in vain, or was not.
  package mutating func looked(inVain: Bool) {
    if inVain {
      penalty = min(Self.most * Self.looksPerSleep, max(Self.least * Self.looksPerSleep, 2 * penalty))
      sleeps = penalty / Self.looksPerSleep
    } else if penalty > 0 {
      penalty -= 1
    }
  }
}
