public import Archive
internal import Configuration
import Dispatch
import Foundation
import Synchronization

/// A study's folder: `study.json`, `results.csv`, and below it the folders of its runs.
public struct StudyFolder: Sendable {
  /// One run as `study.json` lists it.
  public struct Entry: Sendable, Equatable {
    /// Name of the environment.
    public let environment: String
    /// Label of the agent.
    public let agent: String
    /// The seed.
    public let seed: Int
    /// Steps to take.
    public let steps: Int
    /// The run's folder, relative to the study's.
    public let folder: String

    /// Name for display: environment, agent and seed.
    public var title: String { "\(environment)/\(agent)/seed-\(seed)" }
  }

  /// The folder.
  public let path: String

  /// The folder at `path`.
  public init(_ path: String) { self.path = path }

  /// Where the tidy table is.
  public var results: String { path + "/results.csv" }
  /// Where the list of runs is.
  public var list: String { path + "/study.json" }

  /// The folder of a run.
  public func folder(of entry: Entry) -> RunFolder { RunFolder("\(path)/\(entry.folder)") }

  /// Writes `study.json`.
  public func writeList(of study: Study) throws(ArchiveError) {
    let runs = Self.entries(of: study).map { entry in
      ConfigurationTree.mapping([
        ("environment", .string(entry.environment)), ("agent", .string(entry.agent)), ("seed", .integer(entry.seed)),
        ("steps", .integer(entry.steps)), ("folder", .string(entry.folder)),
      ])
    }
    let display = study.figures.map { [("figures", $0)] } ?? []
    let facts: [(String, ConfigurationTree)] = [
      ("study", .string(study.name)),
      ("thresholds", .mapping(study.thresholds.map { ($0.environment, .number($0.value)) })),
      ("environments", .list(study.environments.map { .string($0) })),
      ("agents", .list(study.agents.map { .string($0) })), ("seeds", .list(study.seeds.map { .integer($0) })),
      ("runs", .list(runs)),
    ]
    let tree = ConfigurationTree.mapping(facts + display)
    try FileSystem.replace(list, with: Array((tree.json() + "\n").utf8), amongOthers: true)
  }

  /// Name of the study in `study.json`. Throws as `readList` does.
  public func readName() throws -> String {
    try ConfigurationTree.parse(bytes: FileSystem.read(list), file: list).string(at: "study")
  }

  /// Reads the runs of `study.json`. Throws `ArchiveError` when there is none, `ConfigurationError` when it is not what
  /// `writeList` writes.
  public func readList() throws -> [Entry] {
    let tree = try ConfigurationTree.parse(bytes: FileSystem.read(list), file: list)
    return try tree.list(at: "runs").map { run in
      Entry(
        environment: try run.string(at: "environment"), agent: try run.string(at: "agent"),
        seed: try run.integer(at: "seed"), steps: try run.integer(at: "steps"), folder: try run.string(at: "folder"))
    }
  }

  /// The runs of a study as its list has them.
  public static func entries(of study: Study) -> [Entry] {
    study.runs.map { plan in
      Entry(
        environment: plan.environment.name, agent: plan.label, seed: plan.seed, steps: plan.steps,
        folder: "\(plan.environment.folderName)/\(plan.label)/seed-\(plan.seed)")
    }
  }

  /// Writes `results.csv`: the evaluations of all runs in the study's order, as far as there are any. Equal runs give
  /// equal bytes.
  public func writeResults(of study: Study) throws(ArchiveError) {
    try writeResults(study: study.name, Self.entries(of: study))
  }

  /// Writes `results.csv` of the runs that `study.json` lists. Throws as `readList` does, or `ArchiveError`.
  public func writeResults() throws { try writeResults(study: readName(), readList()) }

  private func writeResults(study name: String, _ entries: [Entry]) throws(ArchiveError) {
    let header = ["study", "environment", "agent", "seed", "environment_steps", "episode", "return"]
    let parts = RunParts(count: entries.count)
    let block = 64
    DispatchQueue.concurrentPerform(iterations: (entries.count + block - 1) / block) { first in
      for index in first * block..<min(entries.count, (first + 1) * block) {
        parts.set(index, Result { () throws(ArchiveError) in try lines(of: entries[index], study: name) })
      }
    }
    var bytes = CSV.line(header.map { .text($0) })
    for part in parts.all { try bytes += part.get() }
    try FileSystem.replace(results, with: bytes, amongOthers: true)
  }

  /// The evaluations of a run as lines of results.csv; none where there are none.
  ///
  /// Throws `ArchiveError.damaged` with the line that cannot be, and where the last evaluations of a finished run are not
  /// there.
  private func lines(of entry: Entry, study name: String) throws(ArchiveError) -> [UInt8] {
    let run = folder(of: entry)
    let path = run.path(of: .evaluations)
    guard FileSystem.exists(path) else { return [] }
    let key: [CSVField] = [.text(name), .text(entry.environment), .text(entry.agent), .integer(entry.seed)]
    let rows = CSV.records(try FileSystem.read(path))
    var bytes: [UInt8] = []
    // a run ends with the first evaluation at its budget or, where a step is several, just beyond it
    var (end, last) = (Int.max, 0)
    for (index, row) in rows.enumerated().dropFirst() {
      func damage(_ reason: String) -> ArchiveError { .damaged(path: path, reason: "line \(index + 1): \(reason)") }
      guard row.count == rows[0].count, row.count >= 3 else {
        throw damage("\(rows[0].count) cells are expected, found \(row.count)")
      }
      guard let steps = Int(row[0]), steps >= last else {
        throw damage("\(rows[0][0]) must be a whole number, at least \(last), found '\(row[0])'")
      }
      guard Int(row[1]).map({ $0 >= 0 }) ?? false, Double(row[2])?.isFinite ?? false else {
        throw damage("a whole number and a finite one are expected, found '\(row[1])' and '\(row[2])'")
      }
      last = steps
      guard steps <= end else { continue }
      if steps >= entry.steps { end = steps }
      bytes += CSV.line(key + row[..<3].map { .text($0) })
    }
    if end == .max, let manifest = try? Manifest(contentsOf: run.manifest), manifest.status == .finished,
      let interval = manifest.settings["evaluation"]?["interval"]?.scalarText.flatMap({ Int($0) }),
      manifest.settings["evaluation"]?["episodes"]?.scalarText != "0",
      manifest.steps - last >= interval
    {
      throw .damaged(
        path: path,
        reason:
          "it ends at \(last) of \(manifest.steps) steps, but its run is finished and was evaluated every \(interval)")
    }
    return bytes
  }
}

/// What threads make of each run, by its place.
private final class RunParts: Sendable {
  private let parts: Mutex<[Result<[UInt8], ArchiveError>]>

  init(count: Int) { parts = Mutex(Array(repeating: .success([]), count: count)) }

  func set(_ index: Int, _ part: Result<[UInt8], ArchiveError>) { parts.withLock { $0[index] = part } }

  var all: [Result<[UInt8], ArchiveError>] { parts.withLock { $0 } }
}
