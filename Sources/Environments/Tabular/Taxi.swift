import Configuration
import Interfaces
import Kernels

/// Settings of `Taxi`.
public struct TaxiSettings: Configuration {
  /// Steps after which an episode is cut off.
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000_000) public var stepLimit: Int = 200

  /// The published task.
  public init() {}
}

/// Fetch a passenger and bring them where they want to go: Dietterich, "Hierarchical reinforcement learning with the
/// MAXQ value function decomposition" (2000), as Gymnasium's `Taxi-v4` without rain and with a passenger who knows
/// where to go.
///
/// 5 x 5 cells with walls between some, four stands, 500 states ((row * 5 + column) * 5 + passenger) * 4 + destination,
/// where the passenger waits at stand 0...3 or rides (4). Actions 0...5 go down, up, right, left, pick up and set down.
/// Reward 20 for arriving, which ends the episode, -10 for picking up or setting down where it cannot be, -1 for every
/// other step. Starts are all places of the taxi and the passenger with a destination elsewhere, with the same
/// probability.
public struct Taxi: FiniteTask {
  /// The name users type.
  public static let name = "Taxi-v4"
  /// What the task asks for.
  public static let summary = "fetch a passenger and bring them to a stand (tabular, discrete, 200 steps)"

  /// Shapes, bounds and step limit.
  public let spec: EnvironmentSpec
  /// What follows what.
  public let process: MarkovDecisionProcess
  /// Reward and termination on observations.
  public let objective: ProcessObjective
  /// The episode under way.
  public var episode = FiniteEpisode()

  /// Cells of the stands, row * 5 + column.
  private static let stands = [0, 4, 20, 23]
  /// Columns with a wall on their right, in each row.
  private static let walls: [Set<Int>] = [[1], [1], [], [0, 2], [0, 2]]

  /// A task that has not been reset yet.
  public init(_ settings: TaxiSettings) {
    process = MarkovDecisionProcess(states: 500, actions: 6) { state, action in [Self.outcome(of: action, in: state)] }
    objective = ProcessObjective(process: process)
    spec = Self.spec(of: process, stepLimit: settings.stepLimit, rewardRange: -10...20)
  }

  private static func outcome(of action: Int, in state: Int) -> MarkovDecisionProcess.Outcome {
    let (destination, cell) = (state % 4, state / 20)
    var (row, column, passenger) = (cell / 5, cell % 5, state / 4 % 5)
    var (reward, arrived) = (-1.0, false)
    switch action {
    case 0: row = min(row + 1, 4)
    case 1: row = max(row - 1, 0)
    case 2: if column < 4 && !walls[row].contains(column) { column += 1 }
    case 3: if column > 0 && !walls[row].contains(column - 1) { column -= 1 }
    case 4:
      if passenger < 4 && stands[passenger] == cell { passenger = 4 } else { reward = -10 }
    default:
      if passenger == 4, let stand = stands.firstIndex(of: cell) {
        passenger = stand
        arrived = stand == destination
        if arrived { reward = 20 }
      } else {
        reward = -10
      }
    }
    return MarkovDecisionProcess.Outcome(
      next: ((row * 5 + column) * 5 + passenger) * 4 + destination, reward: reward, terminates: arrived)
  }

  /// Any cell and stand, and a destination at another stand.
  public func startState(using random: inout RandomStream) -> Int {
    let (cell, passenger, other) = (random.index(below: 25), random.index(below: 4), random.index(below: 3))
    return (cell * 5 + passenger) * 4 + (other < passenger ? other : other + 1)
  }
}
