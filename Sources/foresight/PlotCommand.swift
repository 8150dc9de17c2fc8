import Archive
import ArgumentParser
import Foundation
import Laboratory

/// `foresight plot`.
struct PlotCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plot",
    abstract: "Draw the figures of a study or a run and print its table.",
    discussion: """
      Runs Plots/plot.py in the package's Python environment, with any further arguments. The folder is one that \
      'foresight study run' wrote, one of Experiments, where what is kept of a study lies, or a run's.

      Example:
        foresight plot Experiments/demo/results
        foresight plot Experiments/sample-efficiency --out figures
        foresight plot runs/Pendulum-v1/sac/seed-0
      """)

  @Argument(help: "The study's folder of results, its folder in Experiments, or a run's folder.")
  var folder: String
  @Argument(parsing: .captureForPassthrough, help: "Arguments for Plots/plot.py.")
  var further: [String] = []

  func run() throws {
    try reportingErrors {
      let lists = ["study.json", "manifests.jsonl", "manifest.json"].map { folder + "/" + $0 }
      guard lists.contains(where: FileManager.default.fileExists(atPath:)) else {
        throw PlotError.noStudy(folder)
      }
      try Self.runPython("plot.py", [folder] + further)
    }
  }

  /// Runs a script of the folder Plots in the package's Python environment.
  static func runPython(_ script: String, _ arguments: [String]) throws {
    guard let root = PackageRoot.find() else { throw PlotError.noPackage }
    let python = PackageRoot.python(in: root)
    guard FileManager.default.isExecutableFile(atPath: python) else { throw PlotError.noPython(python) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = ["\(root)/Plots/\(script)"] + arguments
    try process.run()
    process.waitUntilExit()
    if process.terminationStatus != 0 { throw ExitCode(process.terminationStatus) }
  }
}

/// Why nothing can be drawn.
enum PlotError: Error, CustomStringConvertible {
  case noStudy(String)
  case noPackage
  case noPython(String)

  var description: String {
    switch self {
    case .noStudy(let folder):
      "\(folder) is neither a study's folder nor a run's (no study.json, manifests.jsonl or manifest.json)"
    case .noPackage: "the package's folder is not above this program or the working directory; set FORESIGHT_HOME to it"
    case .noPython(let path): "\(path) is missing; 'make setup' installs it"
    }
  }
}
