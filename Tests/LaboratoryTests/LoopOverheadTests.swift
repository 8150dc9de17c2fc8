import Archive
import Configuration
import Interfaces
import Kernels
import Laboratory
import Testing
import TestSupport

/// The loop itself costs nothing that grows with the steps.
@Suite struct LoopOverheadTests {
  /// Heap allocations of a run in which nothing but steps happens after the first.
  private func allocations(steps: Int, copies: Int) throws -> Int {
    let root = try ScratchFolder()
    let registry = Registry(
      environments: [
        EnvironmentEntry("endless", summary: "never ends") { (_: Endless.Settings) throws(ConfigurationError) in
          (environment: Endless(), objective: nil)
        }
      ], agents: fixtures.agents)
    var tree = ConfigurationTree()
    for setting in [
      "evaluation.episodes=0", "checkpoint.interval=1000000", "log.interval=1000000", "run.copies=\(copies)",
    ] {
      tree = tree.merging(try ConfigurationTree(assignment: setting))
    }
    let plan = try RunPlan(
      agent: "tally", environment: "endless", seed: 0, steps: steps, settings: tree, in: registry)
    return try TestSupport.allocations {
      guard
        case .ready(var run) = try Run.open(plan, in: RunFolder(root.path + "/run"), host: .forTests, force: true)
      else { return }
      _ = try run.execute(stop: StopRequest())
    }
  }

  @Test(arguments: [1, 4]) func stepsDoNotAllocate(_ copies: Int) throws {
    // Opening, saving, closing and the progress of every quarter of a second allocate; 100,000 more steps must not show.
    let (short, long) = (
      try allocations(steps: 1_000, copies: copies), try allocations(steps: 101_000, copies: copies)
    )
    #expect(abs(long - short) < 1_000, "\(short) and \(long)")
  }
}

/// Gives nothing and never ends.
private struct Endless: Environment {
  struct Settings: Configuration {
    init() {}
  }

  let spec = EnvironmentSpec(observationSize: 1, action: .box(low: [-1], high: [1]), timeStep: 1, stepLimit: .max)

  mutating func reset(using random: inout RandomStream, observation: inout [Float]) { observation[0] = 0 }

  mutating func step(_ action: [Float], observation: inout [Float]) throws -> StepOutcome {
    observation[0] = action[0]
    return StepOutcome(reward: 0, ending: .none)
  }

  func save(to writer: inout StateWriter) {}
  mutating func restore(from reader: StateReader) throws(ArchiveError) {}
}
