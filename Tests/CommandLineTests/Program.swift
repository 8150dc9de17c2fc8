import Foundation
import Laboratory

/// The built program, run as users run it.
struct Program {
  /// What a finished process left.
  struct Result {
    let status: Int32
    let output: String
    let errors: String
  }

  /// The program beside the test bundle.
  static var path: String {
    let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let folders = [bundle] + CommandLine.arguments
    let candidates = folders.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path + "/foresight" }
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0) } ?? "foresight"
  }

  /// Runs it, or its copy at `path`, to its end.
  static func run(
    _ arguments: [String], in folder: String? = nil, environment: [String: String] = [:], of path: String = path
  ) throws -> Result {
    try RunningProgram(path, arguments, folder: folder, environment: environment).finish()
  }

  /// Starts it, or another program at `path`.
  static func start(
    _ arguments: [String], in folder: String? = nil, environment: [String: String] = [:], of path: String = path
  ) throws -> RunningProgram {
    try RunningProgram(path, arguments, folder: folder, environment: environment)
  }
}

/// A process that has been started; its output goes to files, so that it never waits for a reader.
final class RunningProgram {
  private let process = Process()
  private let scratch: String

  fileprivate init(_ path: String, _ arguments: [String], folder: String?, environment: [String: String]) throws {
    scratch = NSTemporaryDirectory() + "foresight-output-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try Self.file(scratch + "/output")
    process.standardError = try Self.file(scratch + "/errors")
    try process.run()
  }

  deinit { try? FileManager.default.removeItem(atPath: scratch) }

  var identifier: pid_t { process.processIdentifier }
  var isRunning: Bool { process.isRunning }
  var output: String { text("output") }
  var errors: String { text("errors") }

  func signal(_ number: Int32) { kill(identifier, number) }

  /// Waits for the end; a process that a signal ended has the status 128 + signal.
  @discardableResult
  func finish() -> Program.Result {
    process.waitUntilExit()
    let status = process.terminationStatus + (process.terminationReason == .uncaughtSignal ? 128 : 0)
    return Program.Result(status: status, output: output, errors: errors)
  }

  private func text(_ name: String) -> String {
    (try? String(contentsOfFile: "\(scratch)/\(name)", encoding: .utf8)) ?? ""
  }

  private static func file(_ path: String) throws -> FileHandle {
    _ = FileManager.default.createFile(atPath: path, contents: nil)
    return try FileHandle(forWritingTo: URL(fileURLWithPath: path))
  }
}

/// The tables of a run that repetitions have in common, by name.
func reproducibleTables(_ folder: String) -> [String: Data] {
  let names = ["episodes.csv", "evaluations.csv", "training.csv"]
  return Dictionary(
    uniqueKeysWithValues: names.map { ($0, FileManager.default.contents(atPath: "\(folder)/\($0)") ?? Data()) })
}
