import Configuration
import Interfaces
import Kernels

/// Settings of `CliffWalking`.
public struct CliffWalkingSettings: Configuration {
  /// Whether moves may go aside.
  @Setting("Moves go to either side with a probability of a third each") public var slippery: Bool = false
  /// Steps after which an episode is cut off.
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000_000) public var stepLimit: Int = 10_000

  /// The published task.
  public init() {}

  /// `CliffWalkingSlippery-v1`.
  public static var slippery: CliffWalkingSettings {
    var settings = CliffWalkingSettings()
    settings.slippery = true
    return settings
  }
}

/// Walk along a cliff from one end to the other: Sutton and Barto, "Reinforcement Learning" (2018), example 6.6, and
/// Gymnasium's `CliffWalking-v1`.
///
/// 4 x 12 cells, numbered from left to right and from top to bottom; actions 0, 1, 2, 3 move up, right, down, left, and
/// off the map nothing moves. Start and goal are the lower corners, the cells between them the cliff, which leads back
/// to the start. Reward -100 for the cliff, -1 for every other step; only the goal ends the episode. The shortest way
/// has 13 steps, along the edge. Gymnasium never cuts an episode off, here it happens after 10,000 steps.
public struct CliffWalking: FiniteTask {
  /// The name users type.
  public static let name = "CliffWalking-v1"
  /// What the task asks for.
  public static let summary = "walk along a cliff without falling (tabular, discrete)"

  /// Shapes, bounds and step limit.
  public let spec: EnvironmentSpec
  /// What follows what.
  public let process: MarkovDecisionProcess
  /// Reward and termination on observations.
  public let objective: ProcessObjective
  /// The episode under way.
  public var episode = FiniteEpisode()

  private static let (rows, columns) = (4, 12)
  private static let start = 3 * columns

  /// A task that has not been reset yet.
  public init(_ settings: CliffWalkingSettings) {
    let (rows, columns, start, goal) = (Self.rows, Self.columns, Self.start, Self.rows * Self.columns - 1)
    let moves = [(-1, 0), (0, 1), (1, 0), (0, -1)]
    process = MarkovDecisionProcess(states: rows * columns, actions: 4) { state, action in
      let directions = settings.slippery ? [(action + 3) % 4, action, (action + 1) % 4] : [action]
      return MarkovDecisionProcess.Outcome.merged(
        directions.map { direction in
          let row = min(max(state / columns + moves[direction].0, 0), rows - 1)
          let column = min(max(state % columns + moves[direction].1, 0), columns - 1)
          let next = row * columns + column
          let falls = next > start && next < goal
          return MarkovDecisionProcess.Outcome(
            next: falls ? start : next, probability: 1 / Double(directions.count), reward: falls ? -100 : -1,
            terminates: next == goal)
        })
    }
    objective = ProcessObjective(process: process)
    spec = Self.spec(of: process, stepLimit: settings.stepLimit, rewardRange: -100...(-1))
  }

  /// The lower left corner.
  public func startState(using random: inout RandomStream) -> Int { Self.start }
}
