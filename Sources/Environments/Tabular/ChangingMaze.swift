import Archive
import Interfaces
import Kernels

/// A maze whose walls move once, after a number of steps over all its episodes.
///
/// In an environment to measure in time stands still: the walls are where they are in training at that moment.
public protocol ChangingMaze: FiniteTask {
  /// The mazes before and after the change.
  var walls: ChangingWalls { get }
}

/// Two mazes with the same states, start and goal.
public struct ChangingWalls: Sendable {
  /// What follows what at first.
  let before: MarkovDecisionProcess
  /// What follows what afterwards.
  let after: MarkovDecisionProcess
  /// Steps taken in the first maze.
  let changeStep: Int
  let start: Int
  let goal: Int

  init(_ first: String, _ second: String, changeStep: Int) {
    let (map, changed) = (GridMap(first, or: second), GridMap(second, or: first))
    guard let start = map.state(marked: "S"), let goal = map.state(marked: "G"),
      changed.state(marked: "S") == start, changed.state(marked: "G") == goal
    else { preconditionFailure("mazes with other starts or goals") }
    (before, after) = (map.goalProcess, changed.goalProcess)
    (self.start, self.goal, self.changeStep) = (start, goal, changeStep)
  }
}

extension ChangingMaze {
  /// The maze as it is now.
  public var process: MarkovDecisionProcess {
    episode.totalSteps < walls.changeStep ? walls.before : walls.after
  }

  /// Always the same.
  public func startState(using random: inout RandomStream) -> Int { walls.start }

  public func saveStatistics(to writer: inout StateWriter) { writer.write("total_steps", episode.totalSteps) }

  public mutating func beginMeasurement(with statistics: StateReader) throws(ArchiveError) {
    guard statistics.has("total_steps") else { return }
    episode.totalSteps = try statistics.count("total_steps")
    episode.isClockStopped = true
  }
}
