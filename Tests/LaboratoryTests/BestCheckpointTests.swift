import Archive
import Foundation
import Laboratory
import Logging
import Testing
import TestSupport

/// The checkpoint of the best evaluation, which is kept beside the newest ones.
@Suite struct BestCheckpointTests {
  private let root: ScratchFolder
  private var folder: RunFolder { RunFolder(root.path + "/run") }

  init() throws { root = try ScratchFolder() }

  private func execute(_ settings: [String] = [], steps: Int = 60) throws {
    let settings =
      ["checkpoint.best=true", "checkpoint.interval=1000", "evaluation.interval=5", "evaluation.episodes=2"] + settings
    guard case .ready(var run) = try Run.open(plan(steps: steps, settings), in: folder, host: .forTests) else { return }
    _ = try run.execute(stop: StopRequest())
  }

  /// Step and mean return of the first best evaluation in the table.
  private func best() throws -> (step: Int, mean: Double) {
    var sums: [Int: Double] = [:]
    for row in try CSV.records(FileSystem.read(folder.path(of: .evaluations))).dropFirst() {
      sums[try #require(Int(row[0])), default: 0] += (Double(row[2]) ?? .nan) / 2
    }
    let highest = try #require(sums.values.max())
    return (try #require(sums.filter { $0.value == highest }.keys.min()), highest)
  }

  @Test func itIsKeptAndCanBeMeasured() throws {
    try execute()
    let best = try best()
    #expect(best.step < 60, "a best evaluation at the end would show nothing")
    #expect(folder.checkpoints().contains(best.step) && folder.checkpoints().first == 60)
    let log = Logger(label: "test")
    #expect(try SavedRun(folder, in: fixtures, at: .best, log: log).steps == best.step)
    #expect(try SavedRun(folder, in: fixtures, log: log).steps == 60)
    #expect(try SavedRun(folder, in: fixtures, at: .step(best.step), log: log).steps == best.step)
    let error = try #require(throws: RunError.self) { _ = try SavedRun(folder, in: fixtures, at: .step(7), log: log) }
    #expect(error.description.contains("no checkpoint of step 7, only of"), "\(error)")
  }

  /// Neither whether it is kept nor an interruption changes a table, and the continued run keeps the same one.
  @Test func tablesDoNotDependOnIt() throws {
    try execute(["checkpoint.best=false"])
    let expected = try RunTable.reproducible.map { try FileSystem.read(folder.path(of: $0)) }
    try FileManager.default.removeItem(atPath: folder.path)
    try execute(steps: 33)
    try execute()
    #expect(try folder.checkpoints().contains(best().step))
    try FileManager.default.removeItem(atPath: folder.path)
    try execute()
    #expect(try RunTable.reproducible.map { try FileSystem.read(folder.path(of: $0)) } == expected)
  }

  /// It is written with the next checkpoint, so that evaluations which are better and better do not write all of the
  /// state each time; what is lost on the way comes again.
  @Test func itIsWrittenWithTheNextCheckpoint() throws {
    let settings = ["evaluation.at_start=false"]
    try execute(settings)
    let best = try best().step
    #expect(best > 0 && folder.checkpoints() == [60, best, 0])
    try FileManager.default.removeItem(atPath: folder.path)
    #expect(throws: RunError.self) { try execute(settings + ["failing_act_at=\(best + 1)"]) }
    #expect(try self.best().step == best && folder.checkpoints() == [0])
  }

  @Test func aRequestToSaveIsTakenOnce() {
    let stop = StopRequest()
    stop.requestSave()
    #expect(stop.takeSaveRequest() && !stop.takeSaveRequest() && !stop.isRaised)
  }
}
