import Configuration
import Interfaces
import Kernels

/// Settings of `DynaMaze`.
public struct DynaMazeSettings: Configuration {
  /// Steps after which an episode is cut off.
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000_000) public var stepLimit: Int = 10_000

  /// The published task.
  public init() {}
}

/// Find the way through a small maze: Sutton and Barto, "Reinforcement Learning" (2018), example 8.1.
///
/// 9 x 6 cells, 47 of them free. Actions 0, 1, 2, 3 move up, down, right, left; into a wall or off the map nothing moves.
/// Reward 1 and the end at the goal, 0 before it. The shortest way has 14 steps.
public struct DynaMaze: FiniteTask {
  /// The name users type.
  public static let name = "dyna-maze"
  /// What the task asks for.
  public static let summary = "find the goal of Sutton and Barto's 9 x 6 maze (tabular, discrete)"

  /// Steps of the shortest way.
  public static let shortestPath = 14

  /// Shapes, bounds and step limit.
  public let spec: EnvironmentSpec
  /// Reward and termination on observations.
  public let objective: GoalObjective
  /// What follows what.
  public let process: MarkovDecisionProcess
  /// The episode under way.
  public var episode = FiniteEpisode()
  private let start: Int

  /// A task that has not been reset yet.
  public init(_ settings: DynaMazeSettings) {
    let map = GridMap(
      """
      .......#G
      ..#....#.
      S.#....#.
      ..#......
      .....#...
      .........
      """)
    guard let start = map.state(marked: "S"), let goal = map.state(marked: "G") else {
      preconditionFailure("a maze without start or goal")
    }
    self.start = start
    process = map.goalProcess
    objective = GoalObjective(stateCount: map.stateCount, goal: goal)
    spec = Self.spec(of: process, stepLimit: settings.stepLimit, rewardRange: 0...1)
  }

  /// Always the same.
  public func startState(using random: inout RandomStream) -> Int { start }
}
