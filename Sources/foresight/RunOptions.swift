import ArgumentParser
import Configuration
import Kernels
import Laboratory
import Logging

/// Options that `train` and other commands share.
struct SettingOptions: ParsableArguments {
  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "A setting, such as planner.horizon=20; environment settings begin with 'environment.'. May be repeated.",
      valueName: "key=value"))
  var assignments: [String] = []

  /// All assignments as one tree, later ones winning.
  func tree() throws(ConfigurationError) -> ConfigurationTree {
    var tree = ConfigurationTree()
    for assignment in assignments { tree = tree.merging(try ConfigurationTree(assignment: assignment)) }
    return tree
  }
}

/// How many threads to use.
struct ThreadOptions: ParsableArguments {
  @Option(
    parsing: .unconditional, help: "Threads for numeric work; all cores unless given. Has no influence on results.",
    transform: wholeNumber)
  var threads: Int?

  mutating func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("threads = \(threads): must be in 1...1024")
    }
  }

  /// Sets up the worker threads and returns their number.
  func configure() -> Int {
    let threads = threads ?? Host.cores
    WorkerPool.configure(threads: threads)
    return threads
  }
}

/// The program's log: warnings and errors, to the standard error output.
func makeLogger() -> Logger {
  var logger = Logger(label: "foresight", factory: { StreamLogHandler.standardError(label: $0) })
  logger.logLevel = .warning
  return logger
}
