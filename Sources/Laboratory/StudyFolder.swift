public import Archive
internal import Configuration
import Foundation

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
    var bytes = CSV.line(header.map { .text($0) })
    for entry in entries {
      let path = folder(of: entry).path(of: .evaluations)
      guard FileManager.default.fileExists(atPath: path) else { continue }
      // a run ends with the first evaluation at its budget or, where a step is several, just beyond it
      var end = Int.max
      for row in CSV.records(try FileSystem.read(path)).dropFirst() {
        guard row.count >= 3, let steps = Int(row[0]), steps <= end else { continue }
        if steps >= entry.steps { end = steps }
        let key: [CSVField] = [.text(name), .text(entry.environment), .text(entry.agent), .integer(entry.seed)]
        bytes += CSV.line(key + row[..<3].map { .text($0) })
      }
    }
    try FileSystem.replace(results, with: bytes, amongOthers: true)
  }
}
