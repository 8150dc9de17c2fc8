import Foundation
import Laboratory

/// Shows a run's progress: one line redrawn in place on a terminal, a plain line every few seconds elsewhere, or lines
/// for the study that started this process.
struct ProgressPrinter {
  /// For whom.
  enum Audience {
    case terminal
    case file
    case study
  }

  private let audience: Audience
  private var printed: ContinuousClock.Instant?

  init(forStudy: Bool) {
    audience = forStudy ? .study : isatty(STDOUT_FILENO) != 0 ? .terminal : .file
  }

  /// Shows `progress`; asks the run to stop when the study that should read it is gone.
  mutating func show(_ progress: RunProgress) {
    switch audience {
    case .terminal: write("\r\u{1B}[K" + ProgressText.line(progress))
    case .file:
      let now = ContinuousClock.now
      if let printed, now - printed < .seconds(5) { return }
      printed = now
      write(ProgressText.line(progress) + "\n")
    case .study:
      if !write(StudyReport.line(progress)) { Signals.stop.raise(SIGTERM) }
    }
  }

  /// Ends a line that is redrawn in place.
  func finish() {
    if audience == .terminal { write("\r\u{1B}[K") }
  }

  @discardableResult
  private func write(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    return bytes.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) } == bytes.count
  }
}
