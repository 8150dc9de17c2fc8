import Archive
import Configuration
import Foundation
import Interfaces
import Kernels
import Laboratory
import Logging
import Testing
import TestSupport

/// An environment whose state can be saved between episodes only.
private struct Opaque: Environment {
  var task = Countdown(Countdown.Settings())
  var isUnderWay = false
  var spec: EnvironmentSpec { task.spec }

  mutating func reset(using random: inout RandomStream, observation: inout [Float]) {
    task.reset(using: &random, observation: &observation)
    isUnderWay = true
  }

  mutating func step(_ action: [Float], observation: inout [Float]) throws -> StepOutcome {
    let outcome = try task.step(action, observation: &observation)
    isUnderWay = outcome.ending == .none
    return outcome
  }

  mutating func prepareToSave() throws -> Bool { !isUnderWay }
  func save(to writer: inout StateWriter) {}
  mutating func restore(from reader: StateReader) throws(ArchiveError) { isUnderWay = false }
}

/// Runs in environments that cannot be saved within an episode.
@Suite struct PostponedCheckpointTests {
  private let root: ScratchFolder
  init() throws { root = try ScratchFolder() }

  private static let registry = Registry(
    environments: [
      EnvironmentEntry("opaque", summary: "cannot be saved") { (_: Countdown.Settings) throws(ConfigurationError) in
        (environment: Opaque(), objective: nil)
      }
    ],
    agents: fixtures.agents)

  private func plan(steps: Int, interval: Int) throws -> RunPlan {
    try RunPlan(
      agent: "tally", environment: "opaque", seed: 3, steps: steps,
      settings: ConfigurationTree.parse(yaml: "{checkpoint: {interval: \(interval), best: false}}", file: "settings"),
      in: Self.registry)
  }

  private func tables(_ folder: RunFolder) throws -> [[UInt8]] {
    try RunTable.reproducible.map { try FileSystem.read(folder.path(of: $0)) }
  }

  private func execute(_ plan: RunPlan, in folder: RunFolder) throws -> Int {
    guard case .ready(var run) = try Run.open(plan, in: folder, host: .forTests) else { return -1 }
    let start = run.steps
    _ = try run.execute(stop: StopRequest())
    return start
  }

  /// Starts a run that is asked to stop at once, and leaves its folder to others.
  private func stop(_ plan: RunPlan, in folder: RunFolder) throws {
    guard case .ready(var run) = try Run.open(plan, in: folder, host: .forTests) else {
      Issue.record("nothing to do")
      return
    }
    let stop = StopRequest()
    _ = try run.execute(stop: stop) { progress in if progress.steps >= 0 { stop.raise(SIGTERM) } }
    #expect(run.savedSteps == 0 && run.steps == 0)
  }

  /// Steps after which episodes end, as `episodes.csv` has them.
  private func ends(_ folder: RunFolder) throws -> [Int] {
    try lines(.episodes, in: folder).dropFirst().compactMap { Int($0.prefix { $0 != "," }) }
  }

  @Test func checkpointsWaitForEpisodesToEnd() throws {
    let (reference, folder) = (RunFolder(root.path + "/reference"), RunFolder(root.path + "/run"))
    _ = try execute(plan(steps: 41, interval: 1000), in: reference)
    _ = try execute(plan(steps: 41, interval: 5), in: folder)
    let ends = try ends(reference)
    try #require(!ends.contains(41), "the run must end within an episode to test anything")
    // the last is good for measuring alone, the one before it to go on from
    let due = try #require(ends.first { $0 >= 35 })
    let kept = folder.checkpoints()
    #expect(kept == [41, ends.last { $0 >= due } ?? -1], "\(kept) with episodes that end at \(ends)")
    #expect(try SavedRun(folder, in: Self.registry, log: Logger(label: "test")).steps == 41)

    // as if killed just before the end
    var manifest = try Manifest(contentsOf: folder.manifest)
    manifest.status = .running
    try manifest.write(to: folder.manifest)
    #expect(try execute(plan(steps: 41, interval: 5), in: folder) == kept[1])
    #expect(try tables(folder) == tables(reference))
  }

  /// More steps for a finished run: from the last end of an episode, to the same tables as in one go.
  @Test func aFinishedRunGoesOn() throws {
    let (reference, folder) = (RunFolder(root.path + "/reference"), RunFolder(root.path + "/run"))
    _ = try execute(plan(steps: 60, interval: 1000), in: reference)
    _ = try execute(plan(steps: 41, interval: 5), in: folder)
    let start = try execute(plan(steps: 60, interval: 5), in: folder)
    #expect(start > 0 && start < 41)
    #expect(try lines(.episodes, in: folder) == lines(.episodes, in: reference))
  }

  @Test func aStoppedRunGoesOnFromTheLastEpisode() throws {
    let (reference, folder) = (RunFolder(root.path + "/reference"), RunFolder(root.path + "/run"))
    _ = try execute(plan(steps: 60, interval: 1000), in: reference)
    let ends = try ends(reference)
    try stop(plan(steps: 60, interval: 10), in: folder)
    _ = try execute(plan(steps: 60, interval: 10), in: folder)
    #expect(try tables(folder) == tables(reference) && !ends.isEmpty)
  }
}
