public import Archive
internal import Configuration
import Foundation
internal import Laboratory

/// Runs of a study as they were handed to a launcher: everything that its tasks need, so that a study file that is
/// edited afterwards changes nothing. In `jobs/<number>/submission.json` of the study's folder.
public struct Submission: Codable, Sendable, Equatable {
  /// Settings that many runs share.
  public struct Configuration: Codable, Sendable, Equatable {
    /// Name of the agent.
    public var agent: String
    /// Name of the environment.
    public var environment: String
    /// Label of the agent.
    public var label: String
    /// Steps to take.
    public var steps: Int
    /// Every setting, as JSON.
    public var settings: String
    /// What the environment is made of besides this program.
    public var provenance: [String: String]
  }

  /// One run.
  public struct Run: Codable, Sendable, Equatable {
    /// Index in `configurations`.
    public var configuration: Int
    /// The seed.
    public var seed: Int
    /// The run's folder, relative to the study's.
    public var folder: String
  }

  /// A program as it was.
  public struct Program: Codable, Sendable, Equatable {
    /// Where it is.
    public var path: String
    /// Bytes of the file.
    public var bytes: Int
    /// CRC-32C of the file.
    public var checksum: UInt32

    /// The program at `path` as it is now.
    public init(at path: String) throws(ArchiveError) {
      let contents = try FileSystem.read(path)
      var checksum = Checksum()
      contents.withUnsafeBytes { checksum.update($0) }
      (self.path, bytes, self.checksum) = (path, contents.count, checksum.value)
    }
  }

  /// The study's name.
  public var study: String
  /// The study's folder.
  public var folder: String
  /// Name of the launcher.
  public var launcher: String
  /// When it was submitted.
  public var submitted: String
  /// What was asked for.
  public var settings: JobSettings
  /// The program that was submitted.
  public var program: Program
  /// Settings that many runs share.
  public var configurations: [Configuration]
  /// The runs.
  public var runs: [Run]
  /// Indices of the runs of each task.
  public var tasks: [[Int]]

  /// Reads a submission. Throws `ArchiveError`.
  public init(contentsOf path: String) throws(ArchiveError) { self = try Records.read(path) }

  /// Writes it. Throws `ArchiveError`.
  public func write(to path: String) throws(ArchiveError) { try Records.write(self, to: path) }

  /// Runs of `study` with these indices, `perTask` of them a task.
  init(
    _ study: Study, runs indices: [Int], perTask: Int, in folder: StudyFolder, launcher: String, settings: JobSettings,
    program: Program
  ) {
    self.study = study.name
    self.folder = folder.path
    self.launcher = launcher
    submitted = Date.now.formatted(.iso8601)
    self.settings = settings
    self.program = program
    var places: [String: Int] = [:]
    (configurations, runs) = ([], [])
    let entries = StudyFolder.entries(of: study)
    for index in indices {
      let plan = study.runs[index]
      let key = "\(plan.environment.name)\n\(plan.label)"
      if places[key] == nil {
        places[key] = configurations.count
        configurations.append(
          Configuration(
            agent: plan.agent.name, environment: plan.environment.name, label: plan.label, steps: plan.steps,
            settings: plan.resolved.json(indent: 0), provenance: plan.provenance))
      }
      runs.append(Run(configuration: places[key] ?? 0, seed: plan.seed, folder: entries[index].folder))
    }
    let count = indices.count
    tasks = stride(from: 0, to: count, by: perTask).map { Array($0..<min($0 + perTask, count)) }
  }

  /// Name of a run for display.
  public func title(of run: Int) -> String {
    let configuration = configurations[runs[run].configuration]
    return "\(configuration.environment)/\(configuration.label)/seed-\(runs[run].seed)"
  }
}

/// Small JSON files that processes of several machines write and read.
enum Records {
  static func read<Value: Decodable>(_ path: String) throws(ArchiveError) -> Value {
    let bytes = try FileSystem.read(path)
    do {
      return try JSONDecoder().decode(Value.self, from: Data(bytes))
    } catch {
      throw .damaged(path: path, reason: Self.words(error))
    }
  }

  static func write(_ value: some Encodable, to path: String) throws(ArchiveError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      try FileSystem.replace(path, with: Array(encoder.encode(value)) + [UInt8(ascii: "\n")], amongOthers: true)
    } catch let error as ArchiveError {
      throw error
    } catch {
      throw .damaged(path: path, reason: "\(error)")
    }
  }

  private static func words(_ error: any Error) -> String {
    switch error {
    case DecodingError.keyNotFound(let key, _): "'\(key.stringValue)' is missing"
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
      "\(context.codingPath.map(\.stringValue).joined(separator: ".")): \(context.debugDescription)"
    case DecodingError.dataCorrupted(let context): context.debugDescription
    default: "\(error)"
    }
  }
}
