import Environments
import Interfaces
import Kernels
import TestSupport
import Testing

/// Tasks whose observations are images.
@Suite struct PixelTaskTests {
  @Test func conform() throws {
    let board = Catch(CatchSettings())
    let failures = try EnvironmentConformance.failures(objective: board.objective) { Catch(CatchSettings()) }
    #expect(failures == [])
    let maze = PixelMaze(PixelMazeSettings())
    let others = try EnvironmentConformance.failures(objective: maze.objective) { PixelMaze(PixelMazeSettings()) }
    #expect(others == [])
  }

  /// A player that follows the ball always catches it, and one that stays catches every fifth.
  @Test func theBallCanAlwaysBeCaught() throws {
    func play(_ choose: (_ ball: Int, _ paddle: Int) -> Float) throws -> [Float] {
      var (task, random) = (Catch(CatchSettings()), RandomStream(seed: 4))
      var observation = [Float](repeating: 0, count: 50)
      return try (0..<500).map { _ in
        task.reset(using: &random, observation: &observation)
        var (steps, total, ending) = (0, Float(0), Ending.none)
        while ending == .none {
          let ball = observation.prefix(45).firstIndex(of: 1) ?? 0
          let paddle = observation.suffix(5).firstIndex(of: 1).map { $0 - 45 } ?? 0
          let outcome = try task.step([choose(ball % 5, paddle)], observation: &observation)
          (steps, total, ending) = (steps + 1, total + outcome.reward, outcome.ending)
        }
        #expect(steps == 9 && ending == .terminated)
        return total
      }
    }
    #expect(try play { $0 < $1 ? 0 : $0 == $1 ? 1 : 2 }.allSatisfy { $0 == 1 })
    let still = try play { _, _ in 1 }
    let caught = still.filter { $0 == 1 }.count
    #expect((70...130).contains(caught), "\(caught) of 500")
  }

  /// Down, right, down, right, down, right: as many steps as the corners are apart, so that none is shorter.
  @Test func theMazeHasItsShortestWay() throws {
    var settings = PixelMazeSettings()
    settings.randomStart = false
    var (task, random) = (PixelMaze(settings), RandomStream(seed: 1))
    var observation = [Float](repeating: 0, count: task.spec.observationSize)
    task.reset(using: &random, observation: &observation)
    #expect(observation[0] == 255 && observation[24 * 24 - 1] == 180)
    #expect(observation[4 * 3] == 100 && observation[3 * 3] == 0)
    let (down, right) = (Float(1), Float(2))
    let way = [down, down, down, down, right, right, down, down, right, right, down, right, right, right]
    #expect(way.count == PixelMaze.shortestPath)
    for (index, move) in way.enumerated() {
      let outcome = try task.step([move], observation: &observation)
      let isLast = index == way.count - 1
      #expect(outcome == StepOutcome(reward: isLast ? 1 : 0, ending: isLast ? .terminated : .none), "step \(index)")
    }
    #expect(observation[0] == 0 && observation[24 * 24 - 1] == 255)
  }
}
