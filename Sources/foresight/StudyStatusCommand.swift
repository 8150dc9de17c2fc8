import ArgumentParser
import Foundation
import Laboratory
import Launching

/// `foresight study status`.
struct StudyStatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show which runs of a study are done, running, queued, failed.",
    discussion: """
      Joins what the runs' folders say with the queues of what was submitted. A failed run is a line with its error and, if it \
      was submitted, its log. Of a study with more than 60 runs only those are listed that are at work or have failed, unless \
      --all is given.

      Example:
        foresight study status Experiments/demo/results
      """)

  @Argument(help: "The study's folder of results.")
  var folder: String
  @Flag(help: "List every run.")
  var all = false
  @Option(
    parsing: .unconditional, help: "Lines of a failed task's log to show.", transform: wholeNumber)
  var logLines = 0

  mutating func validate() throws {
    try refuseEmpty(folder, "study")
    if !(0...1000).contains(logLines) { throw ValidationError("log-lines = \(logLines): must be in 0...1000") }
  }

  /// Refuses a folder without a study's list.
  static func check(_ study: StudyFolder) throws {
    guard FileManager.default.fileExists(atPath: study.list) else {
      printError("error: \(study.path) is not a study folder (no study.json)")
      throw ExitCode(FailureStatus.usage)
    }
  }

  func run() throws {
    try reportingErrors {
      let study = StudyFolder(folder)
      try Self.check(study)
      let survey = try StudySurvey(study, entries: study.readList())
      let shown = all || survey.lines.count <= 60 ? survey.lines : survey.lines.filter(Self.isRemarkable)
      let width = shown.map(\.title.count).max() ?? 0
      for line in shown {
        print(Self.text(line, titleWidth: width, columns: Columns.ofOutput))
        guard line.state == .failed, let (job, task) = line.task else { continue }
        print("  log: \(job.log(of: task))")
        for text in job.logEnd(of: task, lines: logLines) { print("  | \(text)") }
      }
      for remark in survey.remarks { printError(remark) }
      for job in survey.jobs {
        print("submission \(job.folder.number): \(job.launcher.name) \(job.handle.ids.first ?? "") is in the queue")
      }
      let counts = survey.counts.map { "\($0.count) \($0.state.rawValue)" }
      print("\(survey.lines.count) runs: \(counts.joined(separator: ", "))")
    }
  }

  private static func isRemarkable(_ line: StudySurvey.Line) -> Bool {
    line.state == .running || line.state == .failed
  }

  private static func text(_ line: StudySurvey.Line, titleWidth: Int, columns: Int?) -> String {
    let state = ProgressText.padded(line.state.rawValue, 11)
    let detail: String
    switch line.state {
    case .waiting: detail = ""
    case .queued, .failed: detail = line.reason ?? ""
    default: detail = ProgressText.line(line.progress)
    }
    let text = "\(ProgressText.padded(line.title, titleWidth))  \(state)  \(detail)".trimmedEnd
    return columns.map { Columns.cut(text, to: $0) } ?? text
  }
}
