import Archive
import ArgumentParser
import Foundation

/// `foresight tune`.
struct TuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Search for an agent's settings: Optuna suggests, runs of several seeds evaluate.",
    discussion: """
      Runs Tuning/tune.py in the package's Python environment, with any further arguments; --help lists them. The same \
      command goes on where it was left, and any number of them may work at the same search, on any machines that share \
      the folder. At the end it reports which settings matter and writes the best as a study file.

      Example:
        foresight tune Experiments/tune-sac-pendulum/tune.yaml --out /tmp/tuning
      """)

  @Argument(parsing: .captureForPassthrough, help: "FILE, and arguments for Tuning/tune.py.")
  var arguments: [String] = []

  func run() throws {
    try reportingErrors {
      guard let root = PackageRoot.find() else { throw PlotError.noPackage }
      let python = PackageRoot.python(in: root)
      guard FileManager.default.isExecutableFile(atPath: python) else { throw PlotError.noPython(python) }
      // in place of this process, so that signals reach it
      setenv("FORESIGHT", PackageRoot.executable, 1)
      var words: [UnsafeMutablePointer<CChar>?] = ([python, "\(root)/Tuning/tune.py"] + arguments).map { strdup($0) }
      words.append(nil)
      execv(python, words)
      throw FileSystem.failure("start", python)
    }
  }
}
