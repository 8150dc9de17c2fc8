import Configuration
import Interfaces
import Kernels

/// Settings of `Chain`.
public struct ChainSettings: Configuration {
  /// Number of states.
  @Setting("States in the chain", in: 2...10_000) public var length: Int = 5
  /// Probability that the other action happens.
  @Setting("Probability that the other action happens", in: 0...1) public var slip: Double = 0.2
  /// Steps after which an episode is cut off.
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000_000) public var stepLimit: Int = 1000

  /// The published task.
  public init() {}
}

/// Go forward along a chain for a late large reward, or back to its start for a small one now: Strens, "A Bayesian framework
/// for reinforcement learning" (2000), figure 1.
///
/// Action 0 leads one state forward for nothing; in the last state it stays there for a reward of 10. Action 1 leads back to
/// the first state for 2. Either happens instead of the other with probability `slip`. Going forward always is best. Episodes
/// start in the first state and never terminate.
public struct Chain: FiniteTask {
  /// The name users type.
  public static let name = "chain"
  /// What the task asks for.
  public static let summary = "pass up small rewards for a large one at a slippery chain's end (tabular, discrete)"

  /// Shapes, bounds and step limit.
  public let spec: EnvironmentSpec
  /// What follows what.
  public let process: MarkovDecisionProcess
  /// The episode under way.
  public var episode = FiniteEpisode()

  /// Reward and termination on observations.
  public var objective: ProcessObjective { ProcessObjective(process: process) }

  /// A task that has not been reset yet.
  public init(_ settings: ChainSettings) {
    process = MarkovDecisionProcess(states: settings.length, actions: 2) { state, action in
      let last = state == settings.length - 1
      let forward = action == 0 ? 1 - settings.slip : settings.slip
      return [
        MarkovDecisionProcess.Outcome(next: last ? state : state + 1, probability: forward, reward: last ? 10 : 0),
        MarkovDecisionProcess.Outcome(next: 0, probability: 1 - forward, reward: 2),
      ]
    }
    spec = Self.spec(of: process, stepLimit: settings.stepLimit, rewardRange: 0...10)
  }

  /// The first.
  public func startState(using random: inout RandomStream) -> Int { 0 }
}
