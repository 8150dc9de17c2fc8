public import Archive
import Foundation

/// A run's folder, `OUT/<environment>/<agent>/seed-<n>`, and the names of what is in it.
public struct RunFolder: Sendable, Equatable {
  /// The folder.
  public let path: String

  /// The folder at `path`.
  public init(_ path: String) { self.path = path }

  /// The folder of a run below `output`.
  public init(output: String, plan: RunPlan) {
    self.init("\(output)/\(plan.environment.folderName)/\(plan.label)/seed-\(plan.seed)")
  }

  /// Where the manifest is.
  public var manifest: String { path + "/manifest.json" }

  /// Where a table is.
  public func path(of table: RunTable) -> String { "\(path)/\(table.fileName)" }

  /// Where a table of the agent's own is.
  public func path(ofAgentTable name: String) -> String { "\(path)/\(Self.agentPrefix)\(name)\(Self.tableSuffix)" }

  /// Where the checkpoint of a step is.
  public func checkpoint(step: Int) -> String { "\(path)/\(Self.prefix)\(step)\(Self.suffix)" }

  /// Steps of the checkpoints there are, the newest first.
  public func checkpoints() -> [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let steps = names.compactMap { name -> Int? in
      guard name.hasPrefix(Self.prefix), name.hasSuffix(Self.suffix) else { return nil }
      return Int(name.dropFirst(Self.prefix.count).dropLast(Self.suffix.count))
    }
    return steps.sorted(by: >)
  }

  /// Deletes the checkpoint of a step, if it is there.
  func removeCheckpoint(step: Int) { unlink(checkpoint(step: step)) }

  /// Names of the files of records there are.
  func segments() -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let own = names.filter { name in
      guard name.hasPrefix(Self.segmentPrefix), name.hasSuffix(Self.segmentSuffix) else { return false }
      let numbers = name.dropFirst(Self.segmentPrefix.count).dropLast(Self.segmentSuffix.count).split(separator: "-")
      return numbers.count == 2 && numbers.allSatisfy { Int($0) != nil }
    }
    return own.sorted()
  }

  /// Name of a file of records.
  static func segmentName(series: Int, first: Int) -> String { "\(segmentPrefix)\(series)-\(first)\(segmentSuffix)" }

  /// Deletes what a kill in the middle of an atomic write has left. The caller must have the folder to itself.
  func removePartialFiles() {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    for name in names where name.hasSuffix(Self.suffix + ".partial") || name == "manifest.json.partial" {
      unlink("\(path)/\(name)")
    }
  }

  /// Whether there is a manifest.
  public var hasManifest: Bool { FileManager.default.fileExists(atPath: manifest) }

  /// Whether a run has left anything here.
  public var isOccupied: Bool { !leftovers().isEmpty }

  /// Deletes what a run has left here, and nothing else.
  public func clear() throws(ArchiveError) {
    // The manifest goes last: a folder without it but with tables would be refused.
    for file in leftovers().sorted(by: { $0 != manifest && $1 == manifest }) {
      guard unlink(file) == 0 || errno == ENOENT else { throw FileSystem.failure("delete", file) }
    }
  }

  private func leftovers() -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let own = names.filter { $0.hasPrefix(Self.agentPrefix) && $0.hasSuffix(Self.tableSuffix) }
    let files =
      [manifest] + RunTable.allCases.map { path(of: $0) } + own.sorted().map { "\(path)/\($0)" }
      + checkpoints().map { checkpoint(step: $0) } + segments().map { "\(path)/\($0)" } + events
    return files.filter { FileManager.default.fileExists(atPath: $0) }
  }

  private static let agentPrefix = "agent-"
  private static let tableSuffix = ".csv"
  private static let prefix = "checkpoint-"
  private static let suffix = ".safetensors"
  private static let segmentPrefix = "records-"
  private static let segmentSuffix = ".segment"
}
