public import Archive
public import Configuration
import Foundation

/// Facts about where a run ran; the only part of a manifest that differs between repetitions.
public struct HostFacts: Sendable, Equatable {
  /// Processor cores.
  public var cores: Int
  /// Threads used for numeric work.
  public var threads: Int
  /// Name of the BLAS library's kernel set.
  public var blas: String
  /// Operating system.
  public var system: String
  /// Commit of the source tree, if known.
  public var commit: String?
  /// Whether the source tree has changes that no commit has; nil where that is not known.
  public var isChanged: Bool?

  /// What a manifest says of the machine that a run was made on.
  public init(cores: Int, threads: Int, blas: String, system: String, commit: String?, isChanged: Bool? = nil) {
    self.cores = cores
    self.threads = threads
    self.blas = blas
    self.system = system
    self.commit = commit
    self.isChanged = isChanged
  }
}

/// What a run was told to do, and how far it got: `manifest.json`. Running it again reproduces the run.
public struct Manifest: Sendable, Equatable {
  /// How a run stands. A run that was killed says `running`.
  public enum Status: String, Sendable, CaseIterable {
    /// Under way, or killed.
    case running
    /// Left at a signal, to be continued.
    case interrupted
    /// All steps taken.
    case finished
    /// Stopped by an error.
    case failed
  }

  /// Version of Foresight.
  public var version: String
  /// Compiler of this build.
  public var toolchain: String
  /// Name of the environment.
  public var environment: String
  /// Name of the agent.
  public var agent: String
  /// Name of the agent's folder.
  public var label: String
  /// The seed.
  public var seed: Int
  /// Steps asked for.
  public var steps: Int
  /// Every setting with its value.
  public var settings: ConfigurationTree
  /// How it stands.
  public var status: Status
  /// Why it failed, if it did.
  public var failure: String?
  /// Columns of the tables.
  public var columns: ConfigurationTree
  /// Where it ran, and when: free of influence on results.
  public var host: ConfigurationTree

  /// Reads a manifest. Throws `ArchiveError` when the file cannot be read, `ConfigurationError` when it is not a
  /// manifest.
  public init(contentsOf path: String) throws {
    try self.init(ConfigurationTree.parse(bytes: FileSystem.read(path), file: path))
  }

  /// Writes the manifest, replacing an earlier one in one step.
  public func write(to path: String) throws(ArchiveError) {
    try FileSystem.replace(path, with: Array((tree.json() + "\n").utf8))
  }

  /// Whether a run of `plan` may go on in this one's folder: everything that results depend on is equal. The number of
  /// steps and the checkpoint interval may differ.
  ///
  /// - Returns: nil if so, otherwise the first difference in words.
  public func difference(from plan: RunPlan) -> String? {
    let facts = [
      ("environment", environment, plan.environment.name), ("agent", agent, plan.agent.name),
      ("seed", "\(seed)", "\(plan.seed)"),
    ]
    for (name, mine, other) in facts where mine != other { return "\(name) \(mine), not \(other)" }
    let influential = settings.influential
    if influential == plan.influential { return nil }
    let mine = influential.leaves()
    let other = plan.influential.leaves()
    for (key, value) in mine {
      let counterpart = other.first { $0.key == key }?.value
      if counterpart != value { return "\(key) = \(value.words), not \(counterpart?.words ?? "absent")" }
    }
    return other.first { leaf in !mine.contains { $0.key == leaf.key } }.map { "no setting \($0.key)" }
  }
}

extension Manifest {
  /// The manifest of a run that starts now.
  init(
    plan: RunPlan, columns names: TableColumns, host: HostFacts, provenance: [(name: String, value: String)] = []
  ) {
    version = Foresight.version
    toolchain = Foresight.toolchain
    environment = plan.environment.name
    agent = plan.agent.name
    label = plan.label
    seed = plan.seed
    steps = plan.steps
    settings = plan.resolved
    status = .running
    columns = .mapping(
      RunTable.allCases.map {
        ($0.fileName, .list($0.columns(names).map { .string($0) }))
      })
    self.host = host.tree.merging(.mapping([("started", .string(Self.now))]))
    if !provenance.isEmpty {
      self.host = self.host.merging(
        .mapping([(Self.provenanceKey, .mapping(provenance.map { ($0.name, .string($0.value)) }))]))
    }
  }

  private static let provenanceKey = "environment"

  /// What the environment was made of when the run began and is no more, in words.
  func changes(since earlier: Manifest) -> [String] {
    guard let old = earlier.host[Self.provenanceKey], let new = host[Self.provenanceKey] else { return [] }
    return old.keys.compactMap { name in
      let (before, now) = (old[name]?.scalarText ?? "", new[name]?.scalarText ?? "absent")
      guard before != now else { return nil }
      return name.hasPrefix("module ") ? "\(name) has changed" : "\(name) has changed from \(before) to \(now)"
    }
  }

  /// Takes over when an interrupted run was started.
  mutating func keepStart(of earlier: Manifest) {
    guard let started = earlier.host["started"] else { return }
    host = host.merging(.mapping([("started", started)]))
  }

  /// Notes how the run ended, and when.
  mutating func close(_ status: Status, failure: String?) {
    self.status = status
    self.failure = failure
    host = host.merging(.mapping([("ended", .string(Self.now))]))
  }

  /// The time in the form `2025-01-31T23:59:59Z`.
  private static var now: String { Date.now.formatted(.iso8601) }

  private init(_ tree: ConfigurationTree) throws(ConfigurationError) {
    version = try tree.string(at: "version")
    toolchain = try tree.string(at: "toolchain")
    environment = try tree.string(at: "environment")
    agent = try tree.string(at: "agent")
    label = try tree.string(at: "label")
    seed = try tree.integer(at: "seed")
    steps = try tree.integer(at: "steps")
    settings = try tree.mapping(at: "settings")
    let text = try tree.string(at: "status")
    guard let status = Status(rawValue: text) else {
      throw .unknownName("status", text, known: Status.allCases.map(\.rawValue), at: tree["status"]?.location)
    }
    self.status = status
    failure = tree["failure"].flatMap { $0.kind == .null ? nil : $0.scalarText }
    columns = try tree.mapping(at: "columns")
    host = try tree.mapping(at: "host")
  }

  private var tree: ConfigurationTree {
    .mapping([
      ("version", .string(version)), ("toolchain", .string(toolchain)), ("environment", .string(environment)),
      ("agent", .string(agent)), ("label", .string(label)), ("seed", .integer(seed)), ("steps", .integer(steps)),
      ("settings", settings), ("status", .string(status.rawValue)),
      ("failure", failure.map { .string($0) } ?? .null), ("columns", columns), ("host", host),
    ])
  }
}

extension HostFacts {
  fileprivate var tree: ConfigurationTree {
    .mapping([
      ("cores", .integer(cores)), ("threads", .integer(threads)), ("blas", .string(blas)),
      ("system", .string(system)), ("commit", commit.map { .string($0) } ?? .null),
      ("changed", isChanged.map { .bool($0) } ?? .null),
    ])
  }
}

extension ConfigurationTree {
  /// These settings of a run without those that results do not depend on; a single copy goes without saying, and so do
  /// evaluations without a bound of their own.
  var influential: ConfigurationTree {
    var tree = ConfigurationTree()
    for key in keys where key != "checkpoint" {
      guard let value = self[key] else { continue }
      switch key {
      case "evaluation":
        let isBounded = value["max_steps"].map { $0.kind != .null && $0.scalarText != "auto" } ?? false
        tree = tree.merging(.mapping([(key, value.filter { $0 != "copies" && (isBounded || $0 != "max_steps") })]))
      case "run" where value["copies"]?.scalarText == "1": continue
      default: tree = tree.merging(.mapping([(key, value)]))
      }
    }
    return tree
  }

  var words: String { scalarText ?? json(indent: 0) }
}
