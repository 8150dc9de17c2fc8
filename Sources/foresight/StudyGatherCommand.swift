import ArgumentParser
import Foundation
import Laboratory

/// `foresight study gather`.
struct StudyGatherCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gather",
    abstract: "Write a study's results.csv from the folders of its runs.",
    discussion: """
      'foresight study run' does this at its end, and 'foresight study submit' has a job for it.

      Example:
        foresight study gather Experiments/demo/results --draw
      """)

  @Argument(help: "The study's folder of results.")
  var folder: String
  @Flag(help: "Draw the figures too, as 'foresight plot' does.")
  var draw = false

  mutating func validate() throws { try refuseEmpty(folder, "study") }

  func run() throws {
    try reportingErrors {
      let study = StudyFolder(folder)
      try StudyStatusCommand.check(study)
      try study.writeResults()
      print("evaluations in \(study.results)")
      if draw { try PlotCommand.runPython("plot.py", [folder]) }
    }
  }
}
