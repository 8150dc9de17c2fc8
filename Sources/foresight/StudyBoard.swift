import Foundation
import Laboratory

/// Shows a study's runs. On a terminal: as many lines as fit, redrawn in place, the runs at work first, above a line
/// that sums up. Elsewhere: a line when a run changes its state, and for those that are running one now and then, the
/// less often the longer it takes, with the same summary.
final class StudyBoard {
  private let isTerminal = isatty(STDOUT_FILENO) != 0
  private let start = ContinuousClock.now
  private let jobs: Int
  private var drawn: [String] = []
  /// States printed last.
  private var printed: [String: RunStatus.State] = [:]
  private var listed: ContinuousClock.Instant
  private var titleWidth = 0

  /// For a study with so many runs at a time.
  init(jobs: Int) {
    self.jobs = jobs
    listed = start
  }

  /// Shows how the runs stand.
  func show(_ lines: [StudyRunner.Line]) {
    if titleWidth == 0 { titleWidth = lines.map(\.title.count).max() ?? 0 }
    if isTerminal {
      draw(Self.screen(lines, jobs: jobs, size: Columns.size ?? (100, 24)))
    } else {
      list(lines)
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

  private func list(_ lines: [StudyRunner.Line]) {
    let now = ContinuousClock.now
    let isDue = now - listed > max(.seconds(30), (now - start) / 20)
    var isChanged = false
    for line in lines {
      let last = printed[line.title]
      let isNew = last == nil ? line.status.state != .waiting : last != line.status.state
      guard isNew || isDue && line.status.state == .running else { continue }
      print(Self.text(line, titleWidth: titleWidth))
      printed[line.title] = line.status.state
      isChanged = isChanged || isNew && line.status.state != .running
    }
    if isDue { listed = now }
    if isDue || isChanged && lines.count > 1 { print(Self.summary(lines, jobs: jobs)) }
    fflush(nil)
  }

  private func draw(_ lines: [String]) {
    guard lines != drawn else { return }
    erase()
    for line in lines { print(line) }
    fflush(nil)
    drawn = lines
  }

  /// Moves back to the first drawn line and clears all of them.
  private func erase() {
    if isTerminal, !drawn.isEmpty { print("\u{1B}[\(drawn.count)F\u{1B}[J", terminator: "") }
  }

  /// What a terminal of that size shows: less than its height, so that nothing scrolls away.
  static func screen(
    _ lines: [StudyRunner.Line], jobs: Int, size: (columns: Int, rows: Int)
  ) -> [String] {
    let width = min(lines.map(\.title.count).max() ?? 0, max(12, size.columns / 2 - 10))
    let room = max(1, size.rows - 2)
    var shown = Array(lines.indices)
    if lines.count > room {
      // the failed and those at work, then those that ended, then those that wait
      let ranks: [RunStatus.State: Int] = [.running: 0, .failed: 1, .interrupted: 2, .waiting: 3, .finished: 4]
      let ranked = shown.sorted { (ranks[lines[$0].status.state] ?? 5, $0) < (ranks[lines[$1].status.state] ?? 5, $1) }
      shown = ranked.prefix(room).sorted()
    }
    let texts = shown.map { text(lines[$0], titleWidth: width) }
    return (texts + [summary(lines, jobs: jobs)]).map { Columns.cut($0, to: size.columns - 1) }
  }

  /// `12 of 60 done, 2 running, 1 failed, 0:40:12 left`.
  static func summary(_ lines: [StudyRunner.Line], jobs: Int) -> String {
    func count(_ state: RunStatus.State) -> Int { lines.count { $0.status.state == state } }
    var parts = ["\(count(.finished)) of \(lines.count) done"]
    for state in [RunStatus.State.running, .failed, .interrupted] where count(state) > 0 {
      parts.append("\(count(state)) \(state.rawValue)")
    }
    if let left = secondsLeft(lines, jobs: jobs), left > 0 { parts.append("\(ProgressText.duration(left)) left") }
    return parts.joined(separator: ", ")
  }

  /// Seconds until all are done, if those that wait take as long for a step as those at work of the same agent, or of
  /// any; nil while no rate is known.
  static func secondsLeft(_ lines: [StudyRunner.Line], jobs: Int) -> Double? {
    let running = lines.filter { $0.status.state == .running }
    let known = running.compactMap { line in
      line.status.progress.secondsLeft.map { (line, $0) }
    }
    guard !known.isEmpty else { return nil }
    func secondsPerStep(_ lines: [(StudyRunner.Line, Double)]) -> Double {
      let steps = lines.reduce(0) { $0 + $1.0.status.progress.budget - $1.0.status.progress.steps }
      return steps > 0 ? lines.reduce(0) { $0 + $1.1 } / Double(steps) : 0
    }
    let general = secondsPerStep(known)
    var total = known.reduce(0) { $0 + $1.1 }
    for line in lines where line.status.state == .waiting || line.status.state == .interrupted {
      let kind = line.title.split(separator: "/").dropLast()
      let alike = known.filter { $0.0.title.split(separator: "/").dropLast() == kind }
      let progress = line.status.progress
      total += Double(progress.budget - progress.steps) * (alike.isEmpty ? general : secondsPerStep(alike))
    }
    let longest = known.map(\.1).max() ?? 0
    return max(longest, total / Double(max(1, jobs)))
  }

  static func text(_ line: StudyRunner.Line, titleWidth: Int) -> String {
    let title = ProgressText.padded(Columns.cutMiddle(line.title, to: titleWidth), titleWidth)
    let detail: String
    switch line.status.state {
    case .waiting: detail = "waiting"
    case .running: detail = ProgressText.line(line.status.progress)
    case .finished, .interrupted:
      detail = "\(line.status.state.rawValue): \(ProgressText.line(progressWithoutRate(line.status.progress)))"
    case .failed: detail = "failed: \(line.status.reason ?? "")"
    }
    return "\(title)  \(detail)".trimmedEnd
  }

  private static func progressWithoutRate(_ progress: RunProgress) -> RunProgress {
    var progress = progress
    (progress.rate, progress.pauses, progress.activity) = (nil, nil, nil)
    return progress
  }
}
