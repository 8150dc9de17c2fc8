import Foundation
import Laboratory

/// Says what a command that takes long is doing: a line of the standard error output redrawn in place on a terminal, and
/// elsewhere a line when something new begins and then every half minute.
final class ActivityPrinter {
  private let isTerminal = isatty(STDERR_FILENO) != 0
  private var shown = ContinuousClock.now
  private var activity = ""
  private var isDrawn = false

  /// Something is done, perhaps some part of it: what it is, and how far it is. Costs next to nothing when called often.
  func show(_ activity: String, _ detail: @autoclosure () -> String = "") {
    let now = ContinuousClock.now
    let isNew = activity != self.activity
    guard isNew || now - shown > (isTerminal ? .milliseconds(250) : .seconds(30)) else { return }
    (self.activity, shown) = (activity, now)
    let detail = detail()
    let line = detail.isEmpty ? activity : "\(activity): \(detail)"
    write(isTerminal ? "\r\u{1B}[K" + line : line + "\n")
    isDrawn = isTerminal
  }

  /// Clears a line that is redrawn in place.
  func finish() {
    if isDrawn { write("\r\u{1B}[K") }
    isDrawn = false
  }

  private func write(_ text: String) {
    let bytes = Array(text.utf8)
    _ = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
