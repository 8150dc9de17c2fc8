import Configuration
import Interfaces
import Kernels

/// Settings of `ShortcutMaze`.
public struct ShortcutMazeSettings: Configuration {
  /// Steps over all episodes before the walls move.
  @Setting("Steps over all episodes before the walls move", in: 0...1_000_000_000) public var changeStep: Int = 3000
  /// Steps after which an episode is cut off.
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000_000) public var stepLimit: Int = 10_000

  /// The published task.
  public init() {}
}

/// Sutton and Barto, "Reinforcement Learning" (2018), example 8.3 and figure 8.5.
///
/// A second gap opens in the wall after 3,000 steps: beside the way of 16 steps there is now one of 10.
/// Moves and rewards as in `DynaMaze`.
public struct ShortcutMaze: ChangingMaze {
  /// The name users type.
  public static let name = "shortcut-maze"
  /// What the task asks for.
  public static let summary = "a maze that a shorter way opens in after 3,000 steps (tabular, discrete)"

  /// Shapes, bounds and step limit.
  public let spec: EnvironmentSpec
  /// Reward and termination on observations.
  public let objective: GoalObjective
  /// The mazes before and after the change.
  public let walls: ChangingWalls
  /// The episode under way.
  public var episode = FiniteEpisode()

  /// A task that has not been reset yet.
  public init(_ settings: ShortcutMazeSettings) {
    walls = ChangingWalls(
      """
      ........G
      .........
      .........
      .########
      .........
      ...S.....
      """,
      """
      ........G
      .........
      .........
      .#######.
      .........
      ...S.....
      """, changeStep: settings.changeStep)
    objective = GoalObjective(stateCount: walls.before.stateCount, goal: walls.goal)
    spec = Self.spec(of: walls.before, stepLimit: settings.stepLimit, rewardRange: 0...1)
  }
}
