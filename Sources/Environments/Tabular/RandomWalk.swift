import Configuration
import Interfaces
import Kernels

/// Settings of `RandomWalk`.
public struct RandomWalkSettings: Configuration {
  /// Number of states.
  @Setting("States in a row", in: 2...10_000) public var states: Int = 19
  /// Reward of leaving on the left.
  @Setting("Reward of leaving on the left", in: -1000...1000) public var leftReward: Double = -1
  /// Steps after which an episode is cut off.
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000_000) public var stepLimit: Int = 1_000_000

  /// The published task.
  public init() {}
}

/// A row of states to walk along until one of its ends is passed: Sutton and Barto, "Reinforcement Learning" (2018),
/// example 7.1 with 19 states, and example 6.2 with `states` 5 and `left_reward` 0.
///
/// Actions 0 and 1 go left and right; a policy that chooses at random makes it the book's. Episodes start in the
/// middle. Passing the right end is worth 1, passing the left one `left_reward`, every other step nothing.
/// Undiscounted, the random policy's value of state i of n, counted from 1, is left + (1 - left) i / (n + 1).
public struct RandomWalk: FiniteTask {
  /// The name users type.
  public static let name = "random-walk"
  /// What the task asks for.
  public static let summary = "a row of 19 states with a reward beyond its right end (tabular, discrete)"

  /// Shapes, bounds and step limit.
  public let spec: EnvironmentSpec
  /// What follows what.
  public let process: MarkovDecisionProcess
  /// Reward and termination on observations.
  public let objective: ProcessObjective
  /// The episode under way.
  public var episode = FiniteEpisode()

  /// A task that has not been reset yet.
  public init(_ settings: RandomWalkSettings) {
    let last = settings.states - 1
    process = MarkovDecisionProcess(states: settings.states, actions: 2) { state, action in
      let next = action == 0 ? state - 1 : state + 1
      guard (0...last).contains(next) else {
        return [
          MarkovDecisionProcess.Outcome(next: state, reward: next < 0 ? settings.leftReward : 1, terminates: true)
        ]
      }
      return [MarkovDecisionProcess.Outcome(next: next)]
    }
    objective = ProcessObjective(process: process)
    let left = Float(settings.leftReward)
    spec = Self.spec(of: process, stepLimit: settings.stepLimit, rewardRange: min(left, 0)...max(left, 1))
  }

  /// The middle.
  public func startState(using random: inout RandomStream) -> Int { spec.observationSize / 2 }
}
