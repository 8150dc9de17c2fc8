import Foundation
import Laboratory

/// Shows a study's runs: one line each, redrawn in place on a terminal; elsewhere a line when a run changes its state
/// and, every half minute, one for each that is running.
final class StudyBoard {
  private let isTerminal = isatty(STDOUT_FILENO) != 0
  private var drawn: [StudyRunner.Line] = []
  /// States and times of the plain lines printed last.
  private var printed: [String: (state: RunStatus.State, time: ContinuousClock.Instant)] = [:]

  /// Shows how the runs stand.
  func show(_ lines: [StudyRunner.Line]) {
    if isTerminal {
      if lines != drawn { draw(lines) }
    } else {
      for line in lines where isDue(line) {
        print(Self.text(line, titleWidth: line.title.count))
        printed[line.title] = (line.status.state, .now)
      }
      fflush(nil)
    }
  }

  /// Shows a message of a run above the lines.
  func say(_ message: String) {
    erase()
    drawn = []
    printError(message)
  }

  /// Leaves the lines as they are.
  func finish() { drawn = [] }

  private func isDue(_ line: StudyRunner.Line) -> Bool {
    guard let last = printed[line.title] else { return line.status.state != .waiting }
    return last.state != line.status.state
      || line.status.state == .running && ContinuousClock.now - last.time > .seconds(30)
  }

  private func draw(_ lines: [StudyRunner.Line]) {
    let width = lines.map(\.title.count).max() ?? 0
    erase()
    let columns = Self.terminalColumns
    for line in lines { print(String(Self.text(line, titleWidth: width).prefix(columns - 1))) }
    fflush(nil)
    drawn = lines
  }

  /// Moves back to the first drawn line and clears all of them.
  private func erase() {
    if isTerminal, !drawn.isEmpty { print("\u{1B}[\(drawn.count)F\u{1B}[J", terminator: "") }
  }

  private static func text(_ line: StudyRunner.Line, titleWidth: Int) -> String {
    let title = ProgressText.padded(line.title, titleWidth)
    let detail: String
    switch line.status.state {
    case .waiting: detail = "waiting"
    case .running: detail = ProgressText.line(line.status.progress)
    case .finished, .interrupted:
      detail = ProgressText.line(progressWithoutRate(line.status.progress)) + "  \(line.status.state.rawValue)"
    case .failed: detail = "failed: \(line.status.reason ?? "")"
    }
    return "\(title)  \(detail)".trimmedEnd
  }

  private static func progressWithoutRate(_ progress: RunProgress) -> RunProgress {
    var progress = progress
    progress.rate = nil
    return progress
  }

  private static var terminalColumns: Int {
    var size = winsize()
    let isKnown = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 1
    return isKnown ? Int(size.ws_col) : 200
  }
}
