import Archive
import Configuration
import Foundation
import Kernels
import Laboratory

/// What every agent in every environment must do for runs to be reproducible: the checks behind
/// `LaboratoryConformance.failures(of:in:registry:steps:settings:)`.
package struct LaboratoryConformance {
  private let registry: Registry
  private let agent: String
  private let environment: String
  private let steps: Int
  private let settings: ConfigurationTree
  private let root: ScratchFolder

  /// Every way in which runs of an agent in an environment are not reproducible; empty if there is none.
  ///
  /// A run is repeated; resumed by objects made anew from checkpoints at half and at three quarters of it, as after
  /// a kill just before the end; and done without any evaluation.
  ///
  /// - Parameters:
  ///   - steps: length of the runs, at least 8; enough for the agent to have trained before half of it.
  ///   - settings: as small as will do.
  package static func failures(
    of agent: String, in environment: String, registry: Registry, steps: Int, settings: [String]
  ) throws -> [String] {
    var tree = ConfigurationTree()
    for setting in settings { tree = tree.merging(try ConfigurationTree(assignment: setting)) }
    let check = LaboratoryConformance(
      registry: registry, agent: agent, environment: environment, steps: steps, settings: tree,
      root: try ScratchFolder())
    let reference = try check.run("reference", [])
    var failures = check.differences(reference, try check.run("again", []), "a repetition")
    failures += try check.resumptionFailures(reference)
    let unmeasured = try check.run("unmeasured", ["evaluation.episodes=0"])
    let measured = [RunTable.evaluations.fileName]
    for file in reference.keys.sorted() where !measured.contains(file) && reference[file] != unmeasured[file] {
      failures.append("\(file) depends on whether the agent is evaluated")
    }
    let other = try check.run("other seed", [], seed: 8)
    if [RunTable.episodes, .evaluations].allSatisfy({ reference[$0.fileName] == other[$0.fileName] }) {
      failures.append("another seed gives the same results")
    }
    return failures
  }

  /// Every way in which runs with several copies of the environment are not reproducible: `settings` has `run.copies`
  /// and `evaluation.copies`. A run is repeated with its evaluations' episodes one after another, and resumed.
  package static func failures(
    of agent: String, in environment: String, registry: Registry, steps: Int, copies: Int, settings: [String]
  ) throws -> [String] {
    var tree = ConfigurationTree()
    for setting in settings + ["run.copies=\(copies)", "evaluation.copies=2", "evaluation.episodes=3"] {
      tree = tree.merging(try ConfigurationTree(assignment: setting))
    }
    let check = LaboratoryConformance(
      registry: registry, agent: agent, environment: environment, steps: steps, settings: tree,
      root: try ScratchFolder())
    let reference = try check.run("reference", [])
    let single = try check.run("one after another", ["evaluation.copies=1"])
    return try check.differences(reference, single, "a run evaluated one episode after another")
      + check.resumptionFailures(reference)
  }

  private func resumptionFailures(_ reference: Tables) throws -> [String] {
    // A checkpoint every so many steps, of which the last two are kept: this one, beyond the middle, and the end's.
    try [steps / 2 + 1, steps * 3 / 4].flatMap { interruption in
      differences(reference, try interrupted(at: interruption), "a run resumed at step \(interruption)")
    }
  }

  /// Contents of a run's tables, its agent's own included, by file.
  private typealias Tables = [String: [UInt8]]

  private func differences(_ reference: Tables, _ other: Tables, _ what: String) -> [String] {
    Set(reference.keys).union(other.keys).sorted().filter { reference[$0] != other[$0] }.map {
      "\($0) of \(what) differs"
    }
  }

  private func plan(_ changes: [String], seed: Int) throws -> RunPlan {
    var tree = settings
    for change in changes { tree = tree.merging(try ConfigurationTree(assignment: change)) }
    return try RunPlan(
      agent: agent, environment: environment, seed: seed, steps: steps, settings: tree, in: registry)
  }

  private func run(_ name: String, _ changes: [String], seed: Int = 7) throws -> Tables {
    try execute(try plan(changes, seed: seed), in: RunFolder("\(root.path)/\(name)"), from: 0)
  }

  /// The tables of a run that was killed when it had just taken its last step, its last checkpoint being at `step`.
  private func interrupted(at step: Int) throws -> Tables {
    let folder = RunFolder("\(root.path)/interrupted-\(step)")
    let plan = try plan(["checkpoint.interval=\(step)"], seed: 7)
    _ = try execute(plan, in: folder, from: 0)
    // copies step together, and a decision may take several steps
    guard let saved = folder.checkpoints().last(where: { $0 >= step }) else { throw Problem.noCheckpoint(step) }
    for later in folder.checkpoints() where later > saved {
      try FileManager.default.removeItem(atPath: folder.checkpoint(step: later))
    }
    guard folder.checkpoints().first == saved else { throw Problem.noCheckpoint(saved) }
    var manifest = try Manifest(contentsOf: folder.manifest)
    manifest.status = .running
    try manifest.write(to: folder.manifest)
    return try execute(plan, in: folder, from: saved)
  }

  private func execute(_ plan: RunPlan, in folder: RunFolder, from step: Int) throws -> Tables {
    guard case .ready(var run) = try Run.open(plan, in: folder, host: .forTests) else { throw Problem.nothingToDo }
    guard run.steps == step else { throw Problem.wrongStart(run.steps, expected: step) }
    let outcome = try run.execute(stop: StopRequest())
    guard outcome == .finished else { throw Problem.unfinished }
    let own = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix("agent-") }
    return try (RunTable.reproducible.map(\.fileName) + own).reduce(into: Tables()) { tables, file in
      tables[file] = try FileSystem.read("\(folder.path)/\(file)")
    }
  }

  private enum Problem: Error {
    case nothingToDo
    case unfinished
    case noCheckpoint(Int)
    case wrongStart(Int, expected: Int)
  }
}

extension RunTable {
  /// The tables that are equal whenever a run is repeated.
  package static var reproducible: [RunTable] { [.episodes, .evaluations, .training] }
}

extension HostFacts {
  /// Facts of nowhere.
  package static var forTests: HostFacts { HostFacts(cores: 1, threads: 1, blas: "none", system: "none", commit: nil) }
}

/// A folder that lives as long as this object.
package final class ScratchFolder: Sendable {
  /// The folder's path.
  package let path: String

  /// A new, empty folder.
  package init() throws {
    path = NSTemporaryDirectory() + "foresight-tests-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
