import Archive
import Foundation
import Laboratory
import Testing
import TestSupport

/// What is and what is not touched in an output folder.
@Suite struct FolderTests {
  private let root: ScratchFolder
  private var folder: RunFolder { RunFolder(root.path + "/run") }

  init() throws { root = try ScratchFolder() }

  private func execute(_ plan: RunPlan, force: Bool = false) throws {
    guard case .ready(var run) = try Run.open(plan, in: folder, host: .forTests, force: force, lockPatience: 0) else {
      throw ArchiveError.missing(name: "anything to do")
    }
    _ = try run.execute(stop: StopRequest())
  }

  private func contents() throws -> [String: [UInt8]] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0 != ".lock" }
    return try Dictionary(uniqueKeysWithValues: names.map { ($0, try FileSystem.read("\(folder.path)/\($0)")) })
  }

  @Test(arguments: [["nested.depth=4"], ["environment.largest=9"], ["log.interval=50"]])
  func anotherConfigurationIsRefused(settings: [String]) throws {
    try execute(plan())
    let before = try contents()
    let error = try #require(throws: RunError.self) { try execute(plan(settings)) }
    guard case .occupied(folder.path, let reason) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(reason.contains(settings[0].split(separator: "=")[0]))
    #expect(try contents() == before)
  }

  @Test func anotherSeedIsRefused() throws {
    try execute(plan())
    #expect(throws: RunError.occupied(folder: folder.path, reason: "seed 3, not 4")) { try execute(plan(seed: 4)) }
  }

  @Test func theCheckpointIntervalMayChange() throws {
    try execute(plan(steps: 20))
    try execute(plan(steps: 30, ["checkpoint.interval=7"]))
    #expect(folder.checkpoints() == [30, 28])
  }

  @Test func forceStartsAnewAndSparesOtherFiles() throws {
    try execute(plan())
    try FileSystem.replace(folder.path + "/notes.txt", with: [1, 2, 3])
    try execute(plan(steps: 10, ["nested.depth=4"]), force: true)
    #expect(try FileSystem.read(folder.path + "/notes.txt") == [1, 2, 3])
    #expect(folder.checkpoints() == [10, 0])
    #expect(try Manifest(contentsOf: folder.manifest).steps == 10)
  }

  @Test func tablesWithoutAManifestAreSomebodyElses() throws {
    try FileSystem.makeFolder(folder.path)
    try FileSystem.replace(folder.path(of: .episodes), with: [1, 2, 3])
    #expect(throws: RunError.self) { try execute(plan()) }
    #expect(try contents() == ["episodes.csv": [1, 2, 3]])
  }

  @Test func aFolderInUseIsRefused() throws {
    let opening = try Run.open(plan(), in: folder, host: .forTests)
    #expect(FolderLock.isHeld(folder.path))
    withExtendedLifetime(opening) {
      _ = #expect(throws: RunError.busy(folder: folder.path)) { try execute(plan()) }
    }
  }

  @Test func aPathThatCannotBeAFolderIsAnError() throws {
    let file = root.path + "/file"
    try FileSystem.replace(file, with: [1])
    #expect(throws: ArchiveError.self) {
      _ = try Run.open(plan(), in: RunFolder(file + "/run"), host: .forTests)
    }
    #expect(try FileSystem.read(file) == [1])
  }
}
