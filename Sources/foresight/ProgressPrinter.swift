import Foundation
import Interfaces
import Laboratory
import Synchronization

/// Shows a run's progress: one line redrawn in place on a terminal, a plain line elsewhere, every few seconds at first
/// and the less often the longer it takes, or lines for the study that started this process. What keeps the run from
/// reporting for long, a fit or a save, is shown by a thread of its own.
final class ProgressPrinter: Sendable {
  /// For whom.
  private enum Audience {
    case terminal
    case file
    case study
  }

  private struct State {
    var last: RunProgress?
    var reported = ContinuousClock.now
    var printed: ContinuousClock.Instant?
    var isOver = false
  }

  private let audience: Audience
  private let start = ContinuousClock.now
  private let state = Mutex(State())

  init(forStudy: Bool) {
    audience = forStudy ? .study : isatty(STDOUT_FILENO) != 0 ? .terminal : .file
    Thread.detachNewThread { [self] in
      while true {
        usleep(500_000)
        if state.withLock({ $0.isOver }) { return }
        showActivity()
      }
    }
  }

  /// Shows `progress`; asks the run to stop when the study that should read it is gone.
  func show(_ progress: RunProgress) {
    state.withLock { state in
      state.last = progress
      state.reported = .now
      write(progress, &state)
    }
  }

  /// Ends a line that is redrawn in place.
  func finish() {
    state.withLock { state in
      if audience == .terminal, !state.isOver { write("\r\u{1B}[K") }
      state.isOver = true
    }
  }

  /// Shows what the run is busy with when it has not reported for two seconds.
  private func showActivity() {
    let activity: String
    switch Activity.current {
    case .stepping: return
    case .fitting: activity = "fitting"
    case .saving: activity = "saving"
    }
    state.withLock { state in
      guard !state.isOver, var progress = state.last, ContinuousClock.now - state.reported > .seconds(2) else { return }
      progress.activity = activity
      write(progress, &state)
    }
  }

  private func write(_ progress: RunProgress, _ state: inout State) {
    switch audience {
    case .terminal:
      let line = ProgressText.line(progress)
      write("\r\u{1B}[K" + (Columns.ofOutput.map { Columns.cut(line, to: $0 - 1) } ?? line))
    case .file:
      let now = ContinuousClock.now
      if let printed = state.printed, now - printed < Self.pause(after: now - start) { return }
      state.printed = now
      write(ProgressText.line(progress) + "\n")
    case .study:
      if !write(StudyReport.line(progress)) { Signals.stop.raise(SIGTERM) }
    }
  }

  /// Time between plain lines: five seconds, and a fiftieth of the time so far from four minutes on.
  static func pause(after elapsed: Duration) -> Duration { max(.seconds(5), elapsed / 50) }

  @discardableResult
  private func write(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    return bytes.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) } == bytes.count
  }
}
