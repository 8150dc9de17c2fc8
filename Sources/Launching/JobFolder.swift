internal import Archive
import Foundation
public import Laboratory

/// The folder of one submission, `jobs/<number>` in a study's folder.
public struct JobFolder: Sendable, Equatable {
  /// The folder.
  public let path: String

  /// The folder at `path`.
  public init(_ path: String) { self.path = path }

  /// Its number.
  public var number: Int { Int((path as NSString).lastPathComponent) ?? 0 }
  /// What was submitted.
  public var submission: String { path + "/submission.json" }
  /// The script that the scheduler runs.
  public var script: String { path + "/script.sh" }
  /// What a task has written to its standard output and errors, of all its starts.
  public func log(of task: Int) -> String { "\(path)/logs/\(task).log" }
  /// How a task stands.
  public func record(of task: Int) -> String { "\(path)/tasks/\(task).json" }

  private var handle: String { path + "/job.json" }

  /// What the launcher called it; nil while it has not been handed over.
  public func readHandle() -> JobHandle? { try? Records.read(handle) }

  func write(_ job: JobHandle) throws(ArchiveError) { try Records.write(job, to: handle) }

  /// The submissions of a study, the oldest first.
  public static func all(in study: StudyFolder) -> [JobFolder] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root(of: study))) ?? []
    return names.compactMap { Int($0) }.sorted().map { JobFolder("\(root(of: study))/\($0)") }
  }

  /// A new folder after all others.
  static func make(in study: StudyFolder) throws(ArchiveError) -> JobFolder {
    let number = (all(in: study).last?.number ?? 0) + 1
    let folder = JobFolder("\(root(of: study))/\(number)")
    for path in [folder.path, folder.path + "/logs", folder.path + "/tasks"] { try FileSystem.makeFolder(path) }
    return folder
  }

  static func root(of study: StudyFolder) -> String { study.path + "/jobs" }

  /// The last lines of a task's log, at most `count`, without those that are empty.
  public func logEnd(of task: Int, lines count: Int) -> [String] {
    guard let handle = FileHandle(forReadingAtPath: log(of: task)) else { return [] }
    defer { try? handle.close() }
    let size = (try? handle.seekToEnd()) ?? 0
    try? handle.seek(toOffset: size > 8192 ? size - 8192 : 0)
    let text = String(decoding: (try? handle.readToEnd()) ?? Data(), as: UTF8.self)
    return text.split(whereSeparator: \.isNewline).suffix(count).map(String.init)
  }
}

/// How a task stands, as it says itself.
public struct TaskRecord: Codable, Sendable, Equatable {
  /// What it said last.
  public enum State: String, Codable, Sendable {
    /// At work, or killed.
    case running
    /// Saved, and to be started again by the scheduler.
    case requeued
    /// Saved and left before the end, at a signal or its time limit, not to be started again by itself.
    case left
    /// All of its runs are finished.
    case finished
    /// A run failed, or it could not start.
    case failed
  }

  /// What it said last.
  public var state: State
  /// How often it was started.
  public var starts: Int
  /// Where.
  public var host: String
  /// Seconds since 1970 at which it must be over, if there is such a limit.
  public var deadline: Double?
  /// Why it failed or left.
  public var message: String?
  /// What is known of each failed run, by its index.
  public var failures: [Int: String] = [:]

  static func read(_ path: String) -> TaskRecord? { try? Records.read(path) }
}
