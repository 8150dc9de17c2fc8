import Catalog
import Configuration
import Foundation
import Laboratory

/// Small runs, whose files are examples.
enum FuzzRuns {
  static func plan(agent name: String, steps: Int) throws -> RunPlan {
    let agent = try Catalog.registry.agent(name)
    var tree = ConfigurationTree()
    for setting in agent.tiny.settings + ["evaluation.episodes=0", "checkpoint.interval=1000000"] {
      tree = tree.merging(try ConfigurationTree(assignment: setting))
    }
    return try RunPlan(
      agent: name, environment: agent.tiny.environment, seed: 1, steps: steps, settings: tree, in: Catalog.registry,
      trial: false)
  }

  /// The folder of a run of 40 steps.
  static func finished(agent: String, in path: String) throws -> RunFolder {
    let folder = RunFolder(path)
    guard case .ready(var run) = try Run.open(try plan(agent: agent, steps: 40), in: folder, host: host) else {
      return folder
    }
    _ = try run.execute(stop: StopRequest())
    return folder
  }

  static let host = HostFacts(cores: 1, threads: 1, blas: "none", system: "none", commit: nil)
}
