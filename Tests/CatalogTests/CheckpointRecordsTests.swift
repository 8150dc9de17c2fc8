import Archive
import Catalog
import Configuration
import Foundation
import Laboratory
import Logging
import Testing
import TestSupport

/// Replays of runs, in files to which each checkpoint appends what is new.
@Suite struct CheckpointRecordsTests {
  private let root: ScratchFolder

  init() throws { root = try ScratchFolder() }

  private func plan(_ steps: Int, _ changes: [String]) throws -> RunPlan {
    let agent = try Catalog.registry.agent("sac")
    var tree = ConfigurationTree()
    for setting in agent.tiny.settings + ["evaluation.episodes=0", "agent.replay_capacity=1000"] + changes {
      tree = tree.merging(try ConfigurationTree(assignment: setting))
    }
    return try RunPlan(
      agent: "sac", environment: "Pendulum-v1", seed: 1, steps: steps, settings: tree, in: Catalog.registry,
      trial: false)
  }

  private func execute(_ plan: RunPlan, _ name: String) throws -> (folder: RunFolder, start: Int) {
    let folder = RunFolder("\(root.path)/\(name)")
    guard case .ready(var run) = try Run.open(plan, in: folder, host: .forTests) else { return (folder, -1) }
    let start = run.steps
    _ = try run.execute(stop: StopRequest())
    return (folder, start)
  }

  private func segments(_ folder: RunFolder) throws -> [String: Int] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".segment") }
    return try names.reduce(into: [:]) { $0[$1] = try FileSystem.read("\(folder.path)/\($1)").count }
  }

  private func tables(_ folder: RunFolder) throws -> [[UInt8]] {
    try RunTable.reproducible.map { try FileSystem.read(folder.path(of: $0)) }
  }

  /// Checkpoints of a growing replay are all of one size, and its transitions are written once.
  @Test func transitionsAreWrittenOnce() throws {
    let (folder, _) = try execute(try plan(200, ["checkpoint.interval=10"]), "often")
    let sizes = try folder.checkpoints().map { try FileSystem.read(folder.checkpoint(step: $0)).count }
    #expect(sizes.count == 2 && abs(sizes[0] - sizes[1]) < 64)
    // two observations of three floats, an action of one, reward and end
    let transition = 36
    let written = try segments(folder).values.reduce(0, +)
    // 40 bytes of header a block, of which there are 21 at most
    #expect((200 * transition...200 * transition + 21 * 40).contains(written))
  }

  /// After a kill what was appended beyond the checkpoint is cut off, and the run ends the same.
  @Test func whatACheckpointDoesNotKnowIsCutOff() throws {
    let plan = try plan(120, ["checkpoint.interval=50"])
    let (folder, _) = try execute(plan, "killed")
    let (expected, whole) = (try tables(folder), try segments(folder))
    unlink(folder.checkpoint(step: 120))
    try FileSystem.replace(folder.path + "/records-9-0.segment", with: [1, 2, 3])
    var manifest = try Manifest(contentsOf: folder.manifest)
    manifest.status = .running
    try manifest.write(to: folder.manifest)
    #expect(try execute(plan, "killed").start == 100)
    #expect(try tables(folder) == expected)
    #expect(try segments(folder) == whole)
  }

  /// A damaged file of records counts as a damaged checkpoint: the run starts over, and says so.
  @Test func damagedRecordsAreNoticed() throws {
    let plan = try plan(120, ["checkpoint.interval=50"])
    let (folder, _) = try execute(plan, "damaged")
    let expected = try tables(folder)
    let name = try #require(try segments(folder).keys.first)
    var bytes = try FileSystem.read("\(folder.path)/\(name)")
    bytes[100] ^= 1
    try FileSystem.replace("\(folder.path)/\(name)", with: bytes)
    var manifest = try Manifest(contentsOf: folder.manifest)
    manifest.status = .running
    try manifest.write(to: folder.manifest)
    #expect(try execute(plan, "damaged").start == 0)
    #expect(try tables(folder) == expected)
  }

  /// A checkpoint as they were before replays had files of their own: transitions among the tensors.
  @Test func checkpointsWithTheReplayAmongTheTensorsAreRead() throws {
    let plan = try plan(120, ["checkpoint.interval=100"])
    let (folder, _) = try execute(plan, "old")
    let expected = try tables(folder)
    // what the state at step 100 is in the old form
    unlink(folder.checkpoint(step: 120))
    var manifest = try Manifest(contentsOf: folder.manifest)
    manifest.status = .running
    try manifest.write(to: folder.manifest)
    var file = try TensorFile(contentsOf: folder.checkpoint(step: 100))
    for (name, tensor) in try stateAmongTensors(plan, folder).tensors { file.tensors[name] = tensor }
    file.metadata["records"] = nil
    file.metadata["crc32c"] = file.checksum
    try file.write(to: folder.checkpoint(step: 100))
    for name in try segments(folder).keys { unlink("\(folder.path)/\(name)") }
    #expect(try execute(plan, "old").start == 100)
    #expect(try tables(folder) == expected)
  }

  private func stateAmongTensors(_ plan: RunPlan, _ folder: RunFolder) throws -> TensorFile {
    guard case .ready(let run) = try Run.open(plan, in: folder, host: .forTests) else { return TensorFile() }
    return run.stateAmongTensors
  }

  /// Measuring an agent needs no records.
  @Test func aRunWithoutItsRecordsCanBeMeasured() throws {
    let (folder, _) = try execute(try plan(120, []), "measured")
    for name in try segments(folder).keys { unlink("\(folder.path)/\(name)") }
    var saved = try SavedRun(folder, in: Catalog.registry, log: Logger(label: "test"))
    #expect(try saved.play(episodes: 1, seed: 0).count == 1)
  }
}
