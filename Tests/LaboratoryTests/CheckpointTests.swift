import Archive
import Foundation
import Laboratory
import Testing
import TestSupport

/// Which checkpoints are kept, and what becomes of damaged ones.
@Suite struct CheckpointTests {
  private let root: ScratchFolder
  private let settings = ["checkpoint.interval=5", "log.interval=3", "evaluation.interval=7"]
  private var folder: RunFolder { RunFolder(root.path + "/run") }

  init() throws { root = try ScratchFolder() }

  /// Runs to the end, then makes the folder look as if the run had been killed just before it.
  private func killAtTheEnd() throws -> [[UInt8]] {
    guard case .ready(var run) = try Run.open(plan(settings), in: folder, host: .forTests) else { return [] }
    _ = try run.execute(stop: StopRequest())
    var manifest = try Manifest(contentsOf: folder.manifest)
    manifest.status = .running
    try manifest.write(to: folder.manifest)
    return try tables()
  }

  private func tables() throws -> [[UInt8]] {
    try RunTable.reproducible.map { try FileSystem.read(folder.path(of: $0)) }
  }

  /// Opens the run again and finishes it; the step it went on from.
  private func resume() throws -> Int? {
    guard case .ready(var run) = try Run.open(plan(settings), in: folder, host: .forTests) else { return nil }
    let start = run.steps
    _ = try run.execute(stop: StopRequest())
    return start
  }

  private func damage(_ step: Int, _ change: (inout [UInt8]) -> Void) throws {
    var bytes = try FileSystem.read(folder.checkpoint(step: step))
    change(&bytes)
    try FileSystem.replace(folder.checkpoint(step: step), with: bytes)
  }

  @Test func theNewestTwoAreKept() throws {
    _ = try killAtTheEnd()
    #expect(folder.checkpoints() == [20, 15])
  }

  @Test(arguments: ["flipped", "cut off", "empty"])
  func aDamagedNewestFallsBackToTheOneBefore(damage kind: String) throws {
    let expected = try killAtTheEnd()
    try damage(20) { bytes in
      switch kind {
      case "flipped": bytes[bytes.count - 3] ^= 4
      case "cut off": bytes.removeLast(bytes.count / 2)
      default: bytes = []
      }
    }
    #expect(try resume() == 15)
    #expect(try tables() == expected)
    #expect(folder.checkpoints() == [20, 15])
  }

  @Test func aFlipAnywhereInTheFileIsNoticed() throws {
    let expected = try killAtTheEnd()
    let size = try FileSystem.read(folder.checkpoint(step: 20)).count
    for position in stride(from: 0, to: size, by: 37) {
      try damage(20) { $0[position] ^= 1 }
      let start = try #require(try resume())
      #expect(start == 15, "byte \(position) of \(size)")
      #expect(try tables() == expected)
      try setRunning()
    }
  }

  @Test func halfWrittenFilesOfAKillAreTidiedAway() throws {
    let expected = try killAtTheEnd()
    let partial = folder.checkpoint(step: 25) + ".partial"
    try FileSystem.replace(partial, with: [1, 2, 3])
    #expect(try resume() == 20)
    #expect(try tables() == expected)
    #expect(!FileManager.default.fileExists(atPath: partial))
  }

  @Test func withoutAnyGoodCheckpointTheRunStartsOver() throws {
    let expected = try killAtTheEnd()
    try damage(20) { $0 = [] }
    try damage(15) { $0 = [] }
    #expect(try resume() == 0)
    #expect(try tables() == expected)
  }

  @Test func aTableThatLostLinesIsAnErrorAndNothingIsTouched() throws {
    _ = try killAtTheEnd()
    let whole = try FileSystem.read(folder.path(of: .episodes))
    try FileSystem.replace(folder.path(of: .episodes), with: Array(whole.prefix(60)))
    let others = try FileSystem.read(folder.path(of: .evaluations))
    let error = try #require(throws: ArchiveError.self) { _ = try resume() }
    #expect(error.description.contains("episodes.csv is damaged: it has 60 bytes"))
    #expect(try FileSystem.read(folder.path(of: .evaluations)) == others)
    #expect(folder.checkpoints() == [20, 15])
  }

  @Test func aCheckpointOfAnotherRunIsRefused() throws {
    _ = try killAtTheEnd()
    let other = RunFolder(root.path + "/other")
    guard case .ready(var run) = try Run.open(plan(seed: 9, settings), in: other, host: .forTests) else { return }
    _ = try run.execute(stop: StopRequest())
    try FileSystem.replace(
      folder.checkpoint(step: 20), with: try FileSystem.read(other.checkpoint(step: 20)))
    #expect(throws: ArchiveError.self) { _ = try resume() }
  }

  private func setRunning() throws {
    var manifest = try Manifest(contentsOf: folder.manifest)
    manifest.status = .running
    try manifest.write(to: folder.manifest)
  }
}
