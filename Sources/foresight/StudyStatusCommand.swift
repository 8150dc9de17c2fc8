import ArgumentParser
import Foundation
import Laboratory

/// `foresight study status`.
struct StudyStatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show which runs of a study are done, running, failed.",
    discussion: """
      Example:
        foresight study status Experiments/demo/results
      """)

  @Argument(help: "The study's folder of results.")
  var folder: String

  mutating func validate() throws { try refuseEmpty(folder, "study") }

  func run() throws {
    try reportingErrors {
      let study = StudyFolder(folder)
      guard FileManager.default.fileExists(atPath: study.list) else {
        printError("error: \(folder) is not a study folder (no study.json)")
        throw ExitCode(FailureStatus.usage)
      }
      let entries = try study.readList()
      let statuses = entries.map { RunStatus(of: study.folder(of: $0), steps: $0.steps) }
      let width = entries.map(\.title.count).max() ?? 0
      for (entry, status) in zip(entries, statuses) {
        let state = ProgressText.padded(status.state.rawValue, 11)
        let detail = status.reason ?? ProgressText.line(status.progress)
        print("\(ProgressText.padded(entry.title, width))  \(state)  \(detail)".trimmedEnd)
      }
      let counts = [RunStatus.State.finished, .running, .interrupted, .failed, .waiting].compactMap { state in
        let count = statuses.count { $0.state == state }
        return count == 0 ? nil : "\(count) \(state.rawValue)"
      }
      print("\(entries.count) runs: \(counts.joined(separator: ", "))")
    }
  }
}
