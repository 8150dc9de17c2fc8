import Archive
import ArgumentParser
import Foundation

/// `foresight bench`: becomes the program `foresight-bench`, which has the cases.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure the speed of updates, fits, planning and environments.",
    discussion: """
      Runs foresight-bench, which 'make build' puts beside this program; 'foresight bench --list' names its cases, \
      'foresight-bench --help' its options.

      Example: foresight bench sac-update ensemble-fit --threads 2
      """)

  @Argument(parsing: .allUnrecognized, help: "Cases and options of foresight-bench.")
  var arguments: [String] = []

  func run() throws {
    try reportingErrors {
      let folder = URL(fileURLWithPath: PackageRoot.executable).deletingLastPathComponent()
      let program = folder.appendingPathComponent("foresight-bench").path
      guard FileManager.default.isExecutableFile(atPath: program) else { throw BenchError.missing(program) }
      var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
      // returns only where it fails
      execv(program, &words)
      throw BenchError.failed(program, errno)
    }
  }
}

/// Why no benchmark can run.
private enum BenchError: Error, CustomStringConvertible {
  case missing(String)
  case failed(String, Int32)

  var description: String {
    switch self {
    case .missing(let path): "\(path) is missing; 'make build' builds it"
    case .failed(let path, let code): "\(path) cannot be run: \(String(cString: strerror(code)))"
    }
  }
}
