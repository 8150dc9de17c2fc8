internal import Interfaces
internal import Logging

extension Run {
  /// Writes what the tables get as TensorBoard's events too, into the run's folder, from now on; what they have already
  /// comes first.
  public mutating func writeEvents() throws {
    events = (try RunEvents(of: folder, in: folder.path), .now)
    updateEvents(after: 0)
  }

  /// Appends what is new, so many seconds after the last time at least. Results do not depend on events: where they
  /// cannot be written, a warning says so, and the run goes on without.
  mutating func updateEvents(after interval: Double) {
    guard let events, seconds(from: events.updated) >= interval else { return }
    self.events?.updated = .now
    do {
      try events.writer.update(isLive: true)
    } catch {
      log.warning("no more events for TensorBoard: \(error)")
      self.events = nil
    }
  }
}
