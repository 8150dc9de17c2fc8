import Configuration
import Interfaces
import Kernels

/// Settings of `FourByThree`.
public struct FourByThreeSettings: Configuration {
  /// Reward of a step.
  @Setting("Reward of a step, besides that of the cell it ends in", in: -100...100) public var stepReward: Double =
    -0.04
  /// Probability that a move goes aside.
  @Setting("Probability that a move goes aside, half of it to either side", in: 0...1) public var slip: Double = 0.2
  /// Steps after which an episode is cut off.
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000_000) public var stepLimit: Int = 100

  /// The published task.
  public init() {}
}

/// A slippery grid with a goal and a pit: the 4 x 3 world of Russell and Norvig, "Artificial Intelligence: A Modern
/// Approach", chapter on complex decisions, whose optimal values are printed there.
///
/// Moves as in `DynaMaze`, but each goes to either side with probability `slip` / 2. Every step costs 0.04; the goal is worth
/// 1 more and the pit -1, and both end the episode. With a discount of 1 the start in the lower left corner is worth 0.705.
public struct FourByThree: FiniteTask {
  /// The name users type.
  public static let name = "four-by-three"
  /// What the task asks for.
  public static let summary = "cross Russell and Norvig's slippery 4 x 3 grid past a pit (tabular, discrete)"

  /// Shapes, bounds and step limit.
  public let spec: EnvironmentSpec
  /// What follows what.
  public let process: MarkovDecisionProcess
  /// The episode under way.
  public var episode = FiniteEpisode()
  private let start: Int

  /// Reward and termination on observations.
  public var objective: ProcessObjective { ProcessObjective(process: process) }

  /// A task that has not been reset yet.
  public init(_ settings: FourByThreeSettings) {
    let map = GridMap(
      """
      ...G
      .#.P
      S...
      """)
    guard let start = map.state(marked: "S") else { preconditionFailure("a grid without start") }
    self.start = start
    process = MarkovDecisionProcess(states: map.stateCount, actions: GridMap.actionCount) { state, move in
      let chances = [(move, 1 - settings.slip)] + GridMap.sideways(of: move).map { ($0, settings.slip / 2) }
      return MarkovDecisionProcess.Outcome.merged(
        chances.map { direction, probability in
          let next = map.successor(of: state, direction)
          let worth: Double = map.mark(next) == "G" ? 1 : map.mark(next) == "P" ? -1 : 0
          return MarkovDecisionProcess.Outcome(
            next: next, probability: probability, reward: settings.stepReward + worth, terminates: worth != 0)
        })
    }
    let (low, high) = (Float(settings.stepReward - 1), Float(settings.stepReward + 1))
    spec = Self.spec(of: process, stepLimit: settings.stepLimit, rewardRange: low...high)
  }

  /// The lower left corner.
  public func startState(using random: inout RandomStream) -> Int { start }
}
