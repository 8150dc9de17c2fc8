import Archive
import Foundation
import Interfaces
import Laboratory
import Testing
import TestSupport

/// The interaction loop and the tables it writes, with a known environment and agent.
@Suite struct RunTests {
  private let root: ScratchFolder
  private var folder: RunFolder { RunFolder(root.path + "/run") }

  init() throws { root = try ScratchFolder() }

  private func execute(_ plan: RunPlan, stop: StopRequest = StopRequest()) throws -> Run.Outcome {
    guard case .ready(var run) = try Run.open(plan, in: folder, host: .forTests) else {
      throw ArchiveError.missing(name: "anything to do")
    }
    return try run.execute(stop: stop)
  }

  /// Rows of a table as numbers, texts as NaN.
  private func numbers(_ table: RunTable) throws -> [[Double]] {
    try CSV.records(FileSystem.read(folder.path(of: table))).dropFirst().map { $0.map { Double($0) ?? .nan } }
  }

  @Test func episodesAreAccountedFor() throws {
    #expect(try execute(plan(steps: 50)) == .finished)
    let rows = try CSV.records(FileSystem.read(folder.path(of: .episodes)))
    #expect(rows[0] == ["environment_steps", "episode", "return", "length", "ending", "clipped_actions", "decisions"])
    var steps = 0
    for (index, row) in rows.dropFirst().enumerated() {
      let length = try #require(Int(row[3]))
      steps += length
      #expect(row[0] == "\(steps)" && row[1] == "\(index)")
      #expect(Double(row[2]) == 0.5 * Double(length))
      #expect(row[4] == "terminated" || (row[4] == "truncated" && length == 4))
    }
    #expect(steps <= 50 && steps > 46)
    #expect(Set(rows.dropFirst().map { $0[4] }) == ["terminated", "truncated"])
  }

  /// Components beyond the bounds of -1 and 1, which the environment clips, show in the episode's row.
  @Test func clippedActionsAreCounted() throws {
    #expect(try execute(plan(steps: 200, ["reach=2"])) == .finished)
    let rows = try numbers(.episodes)
    let (clipped, steps) = (rows.map { $0[5] }.reduce(0, +), rows.map { $0[3] }.reduce(0, +))
    #expect(clipped > 0.35 * steps && clipped < 0.65 * steps, "\(clipped) of \(steps), each with a chance of a half")
    #expect(rows.allSatisfy { $0[5] <= $0[3] })
  }

  @Test func actionsWithinTheBoundsAreNotCounted() throws {
    #expect(try execute(plan(steps: 50)) == .finished)
    #expect(try numbers(.episodes).allSatisfy { $0[5] == 0 })
  }

  @Test func evaluationsComeAtTheStartAtEveryIntervalAndAtTheEnd() throws {
    #expect(try execute(plan(steps: 25, ["evaluation.interval=10", "evaluation.episodes=2"])) == .finished)
    let rows = try CSV.records(FileSystem.read(folder.path(of: .evaluations)))
    #expect(
      rows[0] == [
        "environment_steps", "episode", "return", "length", "predicted_value", "discounted_return", "decisions",
      ])
    #expect(
      rows.dropFirst().map { $0[0] + " " + $0[1] } == ["0 0", "0 1", "10 0", "10 1", "20 0", "20 1", "25 0", "25 1"])
    for row in rows.dropFirst() { #expect(Double(row[2]) == 0.5 * (Double(row[3]) ?? .nan)) }
  }

  @Test func theStartNeedNotBeEvaluated() throws {
    #expect(try execute(plan(steps: 10, ["evaluation.at_start=false", "evaluation.episodes=1"])) == .finished)
    #expect(try numbers(.evaluations).map { $0[0] } == [10])
  }

  @Test func metricsAreMeansOverTheInterval() throws {
    #expect(try execute(plan(steps: 9, ["log.interval=4"])) == .finished)
    // The loss of step n is n: means over 1...4 and 5...8; step 9 waits for a row that the run does not reach.
    #expect(try lines(.training, in: folder) == ["environment_steps,loss,never,decisions", "4,2.5,,4", "8,6.5,,8"])
  }

  @Test func timingHasSharesOfTheWallTime() throws {
    #expect(try execute(plan(steps: 8, ["log.interval=4"])) == .finished)
    #expect(
      try lines(.timing, in: folder).first
        == "environment_steps,wall_seconds,acting,fitting,planning,learning,stepping,decisions")
    let rows = try numbers(.timing)
    #expect(rows.map { $0[0] } == [4, 8])
    for row in rows {
      #expect(row[1] > 0)
      #expect(row[2..<7].allSatisfy { (0...1).contains($0) } && row[2..<7].reduce(0, +) <= 1)
    }
    #expect(rows[1][1] > rows[0][1])
  }

  @Test func aFinishedRunIsLeftAlone() throws {
    #expect(try execute(plan()) == .finished)
    let before = try FileSystem.read(folder.manifest)
    for steps in [20, 10] {
      guard case .alreadyDone(20) = try Run.open(plan(steps: steps), in: folder, host: .forTests) else {
        Issue.record("a finished run of 20 steps was opened for \(steps)")
        continue
      }
    }
    #expect(try FileSystem.read(folder.manifest) == before)
  }

  @Test func moreStepsContinueAFinishedRun() throws {
    let settings = ["evaluation.interval=10", "log.interval=5"]
    #expect(try execute(plan(steps: 20, settings)) == .finished)
    #expect(try execute(plan(steps: 40, settings)) == .finished)
    let continued = try RunTable.reproducible.map { try FileSystem.read(folder.path(of: $0)) }
    try FileManager.default.removeItem(atPath: folder.path)
    #expect(try execute(plan(steps: 40, settings)) == .finished)
    #expect(try RunTable.reproducible.map { try FileSystem.read(folder.path(of: $0)) } == continued)
  }

  @Test func aStopSavesAndTheSameRunGoesOn() throws {
    let stop = StopRequest()
    stop.raise(SIGTERM)
    stop.raise(SIGINT)  // the first one counts
    #expect(try execute(plan(), stop: stop) == .stopped(signal: SIGTERM))
    #expect(try Manifest(contentsOf: folder.manifest).status == .interrupted)
    #expect(try execute(plan()) == .finished)
    #expect(try Manifest(contentsOf: folder.manifest).status == .finished)
  }

  @Test func aLossThatIsNotANumberStopsTheRun() throws {
    let plan = try plan(steps: 20, ["nan_loss_at=14", "checkpoint.interval=5", "log.interval=2"])
    let error = try #require(throws: RunError.self) { _ = try execute(plan) }
    #expect(error.description == "loss is nan at step 14")
    let manifest = try Manifest(contentsOf: folder.manifest)
    #expect(manifest.status == .failed && manifest.failure == "loss is nan at step 14")
    #expect(folder.checkpoints() == [10, 5])
    #expect(try lines(.training, in: folder).last == "12,11.5,,12")
  }

  @Test func anActionThatCannotBePlannedStopsTheRun() throws {
    let plan = try plan(steps: 20, ["failing_act_at=7", "evaluation.episodes=0"])
    let error = try #require(throws: RunError.self) { _ = try execute(plan) }
    #expect(error == .numerical(NumericalFailure(metric: "planned_return", value: .infinity), step: 7))
  }
}
