import ArgumentParser
import Foundation
import Laboratory
import Launching

/// `foresight study cancel`.
struct StudyCancelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel",
    abstract: "End the jobs of a study that were submitted.",
    discussion: """
      Runs under way save themselves; 'foresight study submit' continues them.

      Example:
        foresight study cancel Experiments/demo/results
      """)

  @Argument(help: "The study's folder of results.")
  var folder: String

  mutating func validate() throws { try refuseEmpty(folder, "study") }

  func run() throws {
    try reportingErrors {
      let study = StudyFolder(folder)
      try StudyStatusCommand.check(study)
      let survey = try StudySurvey(study, entries: study.readList())
      guard !survey.jobs.isEmpty else {
        for remark in survey.remarks { printError(remark) }
        return print("no job of \(folder) is in a queue")
      }
      for job in survey.jobs {
        try job.launcher.cancel(job.handle, in: job.folder)
        print(
          "cancelled submission \(job.folder.number): \(job.launcher.name) \(job.handle.ids.joined(separator: " "))")
      }
    }
  }
}
