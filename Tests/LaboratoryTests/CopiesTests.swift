import Archive
import Configuration
import Interfaces
import Kernels
import Laboratory
import Testing
import TestSupport

/// Runs with several copies of the environment.
@Suite struct CopiesTests {
  private let root: ScratchFolder

  init() throws { root = try ScratchFolder() }

  private func execute(_ plan: RunPlan, _ name: String = "run") throws -> RunFolder {
    let folder = RunFolder("\(root.path)/\(name)")
    guard case .ready(var run) = try Run.open(plan, in: folder, host: .forTests) else {
      throw ArchiveError.missing(name: "anything to do")
    }
    #expect(try run.execute(stop: StopRequest()) == .finished)
    return folder
  }

  private func rows(_ table: RunTable, _ folder: RunFolder) throws -> [[String]] {
    try Array(CSV.records(FileSystem.read(folder.path(of: table))).dropFirst())
  }

  /// Steps are those of all copies: budgets, intervals and tables count them, and the end is at a whole round.
  @Test func stepsAreThoseOfAllCopies() throws {
    let folder = try execute(
      plan(steps: 20, ["run.copies=3", "evaluation.interval=10", "evaluation.episodes=1", "log.interval=5"]))
    // rounds end at 3, 6, 9 ... 21: those are the first beyond each multiple
    #expect(try rows(.evaluations, folder).map { $0[0] } == ["0", "12", "21"])
    #expect(try rows(.training, folder).map { $0[0] } == ["6", "12", "15", "21"])
    // observed steps since the last row: 3 and 6, then 9 and 12 ...
    #expect(try rows(.training, folder).map { Double($0[1]) } == [4.5, 10.5, 15, 19.5])
    #expect(folder.checkpoints().first == 21)
    let episodes = try rows(.episodes, folder)
    #expect(episodes.map { $0[1] } == (0..<episodes.count).map(String.init))
    #expect(episodes.allSatisfy { Int($0[0]).map { $0 % 3 == 0 } ?? false })
    let lengths = episodes.compactMap { Int($0[3]) }.reduce(0, +)
    #expect(lengths <= 21 && lengths >= 21 - 3 * 3)
  }

  /// Going on to more steps starts from the whole round, and is what a longer run would have been.
  @Test func longerRunsGoOn() throws {
    func settings(_ steps: Int) throws -> RunPlan {
      try plan(steps: steps, ["run.copies=3", "evaluation.interval=1000", "evaluation.at_start=false"])
    }
    let folder = try execute(settings(20))
    guard case .alreadyDone(20) = try Run.open(settings(20), in: folder, host: .forTests) else {
      Issue.record("a finished run is not done")
      return
    }
    _ = try execute(settings(50))
    let whole = try execute(settings(50), "whole")
    #expect(try rows(.episodes, folder) == rows(.episodes, whole))
    #expect(try rows(.training, folder) == rows(.training, whole))
  }

  /// Copies have streams of their own.
  @Test func copiesDiffer() throws {
    let folder = try execute(plan(steps: 300, ["run.copies=3", "evaluation.episodes=0"]))
    let lengths = try rows(.episodes, folder).compactMap { Int($0[3]) }
    #expect(Set(lengths) == [2, 3, 4])
    let alone = try execute(plan(steps: 100, ["evaluation.episodes=0"]), "alone")
    #expect(try lengths.prefix(20) != rows(.episodes, alone).compactMap { Int($0[3]) }.prefix(20))
  }

  /// However many episodes are played at once, each is what it would have been.
  @Test(arguments: [2, 3, 5, 50]) func evaluationsDoNotDependOnCopies(_ copies: Int) throws {
    let settings = ["evaluation.episodes=7", "evaluation.interval=10"]
    let single = try execute(plan(steps: 20, settings), "single")
    let several = try execute(plan(steps: 20, settings + ["evaluation.copies=\(copies)"]), "several")
    #expect(try rows(.evaluations, several) == rows(.evaluations, single))
    #expect(try rows(.episodes, several) == rows(.episodes, single))
  }

  /// Which does not change the run, so that it may go on with another number.
  @Test func evaluationCopiesMayChange() throws {
    let folder = try execute(plan(steps: 20))
    let longer = try plan(steps: 30, ["evaluation.copies=4"])
    guard case .ready = try Run.open(longer, in: folder, host: .forTests) else {
      Issue.record("another number of copies to evaluate makes another run")
      return
    }
  }
}
