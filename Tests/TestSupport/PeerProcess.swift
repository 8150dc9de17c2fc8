import Foundation

/// Runs Python scripts of the repository, such as those in the folders `Peers` of the tests, on JSON files.
package enum PeerProcess {
  package struct Failure: Error, CustomStringConvertible { package let description: String }

  /// The repository's root.
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The interpreter: `.venv` of the repository, or `FORESIGHT_PYTHON`.
  private static func interpreter() throws -> URL {
    let installed = root.appendingPathComponent(".venv/bin/python")
    if FileManager.default.isExecutableFile(atPath: installed.path) { return installed }
    if let named = ProcessInfo.processInfo.environment["FORESIGHT_PYTHON"] { return URL(fileURLWithPath: named) }
    throw Failure(
      description: "no Python at .venv/bin/python and FORESIGHT_PYTHON is not set: run `make setup` to install it")
  }

  /// Sends `request` to `script` of the tests `suite` and decodes its answer.
  package static func ask<Request: Encodable, Answer: Decodable>(
    _ script: String, of suite: String = "EnvironmentsTests", _ request: Request, as answer: Answer.Type = Answer.self
  ) throws -> Answer {
    try ask(script, in: "Tests/\(suite)/Peers", request, as: answer)
  }

  /// Sends `request` to `script` in `place`, a folder of the repository, and decodes its answer.
  package static func ask<Request: Encodable, Answer: Decodable>(
    _ script: String, in place: String, _ request: Request, as _: Answer.Type = Answer.self
  ) throws -> Answer {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("peer-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (question, answer) = (folder.appendingPathComponent("in.json"), folder.appendingPathComponent("out.json"))
    try JSONEncoder().encode(request).write(to: question)
    let process = Process()
    process.executableURL = try interpreter()
    let path = root.appendingPathComponent("\(place)/\(script)").path
    process.arguments = [path, question.path, answer.path]
    process.currentDirectoryURL = folder  // some libraries leave log files where they are
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    let complaint = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(
        description: "\(script) failed (`make setup` installs what it needs): "
          + String(decoding: complaint, as: UTF8.self))
    }
    return try JSONDecoder().decode(Answer.self, from: Data(contentsOf: answer))
  }
}
