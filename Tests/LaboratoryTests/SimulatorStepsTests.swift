import Archive
import Configuration
import Interfaces
import Laboratory
import TestSupport
import Testing

/// Environment steps are those of the task's simulator, however often actions are repeated, whichever way it is stepped.
@Suite struct SimulatorStepsTests {
  private let root: ScratchFolder

  init() throws { root = try ScratchFolder() }

  private func execute(_ steps: Int, _ settings: [String], _ name: String) throws -> RunFolder {
    let folder = RunFolder("\(root.path)/\(name)")
    let plan = try plan(steps: steps, settings + ["evaluation.episodes=2", "evaluation.interval=12", "log.interval=8"])
    guard case .ready(var run) = try Run.open(plan, in: folder, host: .forTests) else {
      throw ArchiveError.missing(name: "anything to do")
    }
    #expect(try run.execute(stop: StopRequest()) == .finished)
    return folder
  }

  private func columns(_ table: RunTable, _ folder: RunFolder) throws -> [String: [Int]] {
    let rows = CSV.records(try FileSystem.read(folder.path(of: table)))
    return Dictionary(
      uniqueKeysWithValues: rows[0].enumerated().map { place, name in
        (name, rows.dropFirst().map { Int($0[place]) ?? -1 })
      })
  }

  /// `Countdown` is cut off after four steps: with every action taken three times, episodes of two decisions have up to four
  /// steps, and the second decision may be cut short.
  @Test(arguments: [[], ["run.copies=3"], ["environment.wrappers.sticky_actions=0.5"]])
  func repeatedActionsCount(more: [String]) throws {
    let folder = try execute(
      40, ["environment.wrappers.action_repeat=3"] + more, "repeated\(more.count)\(more.first ?? "")")
    let episodes = try columns(.episodes, folder)
    let (steps, lengths) = (try #require(episodes["environment_steps"]), try #require(episodes["length"]))
    let decisions = try #require(episodes["decisions"])
    #expect(Set(lengths).isSubset(of: [2, 3, 4]) && Set(lengths).count > 1, "\(lengths)")
    let copies = more == ["run.copies=3"] ? 3 : 1
    let most = steps.last ?? 0
    #expect(most >= 40 - 4 * copies && most < 40 + 3 * copies)
    #expect(lengths.reduce(0, +) <= most && lengths.reduce(0, +) > most - 4 * copies)
    #expect(zip(steps, decisions).allSatisfy { $1 < $0 && 3 * $1 >= $0 })
    let evaluations = try columns(.evaluations, folder)
    #expect(try #require(evaluations["length"]).allSatisfy { (2...4).contains($0) })
    #expect(try #require(evaluations["environment_steps"]).last.map { $0 >= 40 } ?? false)
  }

  /// Without repetitions decisions are the steps.
  @Test(arguments: [[], ["run.copies=3"], ["environment.wrappers.sticky_actions=0.5"]])
  func otherwiseDecisionsAreSteps(more: [String]) throws {
    let folder = try execute(30, more, "plain\(more.count)\(more.first ?? "")")
    for table in RunTable.allCases {
      let found = try columns(table, folder)
      #expect(found["decisions"] == found["environment_steps"])
    }
  }

  /// An interrupted run with repeated actions ends with the tables of one that was not.
  @Test func resumedRunsCountOn() throws {
    let settings = ["environment.wrappers.action_repeat=3", "checkpoint.interval=1"]
    let whole = try execute(60, settings, "whole")
    _ = try execute(31, settings, "parts")
    let parts = try execute(60, settings, "parts")
    for table in [RunTable.episodes, .training] {
      #expect(try FileSystem.read(whole.path(of: table)) == FileSystem.read(parts.path(of: table)))
    }
  }
}
