import Configuration
import Foundation
import Interfaces
import Kernels

/// Settings of `MaximizationBias`.
public struct MaximizationBiasSettings: Configuration {
  /// Number of actions.
  @Setting("Actions, half of which go right at the start", in: 2...1000) public var actions: Int = 10
  /// Mean of the rewards on the left.
  @Setting("Mean of the rewards on the left", in: -100...100) public var mean: Double = -0.1
  /// Their standard deviation.
  @Setting("Standard deviation of the rewards on the left", in: 0...100) public var deviation: Double = 1

  /// The published task.
  public init() {}

  public func validate() throws(ConfigurationError) {
    if actions % 2 != 0 { throw ConfigurationError("actions", "must be even; half of them go right") }
  }
}

/// Go right for nothing, or left where rewards are noisy and worse in the mean: Sutton and Barto, "Reinforcement
/// Learning" (2018), example 6.7, in which the largest of noisy estimates tempts to the left.
///
/// In the start, state 0, actions below half of their number go right, which ends the episode with reward 0; the others
/// go left, to state 1, for nothing. There every action ends the episode with a reward close to normal with mean -0.1
/// and deviation 1: one of 51 equally likely quantiles, scaled to that deviation, each with a final state of its own.
///
/// In the book the start has two actions and the left state more; here every state has as many, so that an
/// epsilon-greedy policy that knows the values still goes left in epsilon / 2 of its episodes.
public struct MaximizationBias: FiniteTask {
  /// The name users type.
  public static let name = "maximization-bias"
  /// What the task asks for.
  public static let summary = "go right, not left where noise tempts; shows maximization bias (tabular, discrete)"

  /// Shapes, bounds and step limit.
  public let spec: EnvironmentSpec
  /// What follows what.
  public let process: MarkovDecisionProcess
  /// Reward and termination on observations.
  public let objective: ProcessObjective
  /// The episode under way.
  public var episode = FiniteEpisode()

  private static let quantiles = 51

  /// A task that has not been reset yet.
  public init(_ settings: MaximizationBiasSettings) {
    let draws = Self.normalQuantiles.map { settings.mean + settings.deviation * $0 }
    process = MarkovDecisionProcess(states: 3 + draws.count, actions: settings.actions) { state, action in
      switch state {
      case 0 where action < settings.actions / 2: [MarkovDecisionProcess.Outcome(next: 2, terminates: true)]
      case 0: [MarkovDecisionProcess.Outcome(next: 1)]
      case 1:
        draws.indices.map {
          MarkovDecisionProcess.Outcome(
            next: 3 + $0, probability: 1 / Double(draws.count), reward: draws[$0], terminates: true)
        }
      default: [MarkovDecisionProcess.Outcome(next: state, terminates: true)]
      }
    }
    objective = ProcessObjective(process: process)
    let extreme = draws.reduce(0) { max($0, abs($1)) }
    spec = Self.spec(of: process, stepLimit: 2, rewardRange: Float(-extreme).nextDown...Float(extreme).nextUp)
  }

  /// The quantiles (i + 1/2) / 51 of the standard normal distribution, scaled to a variance of 1.
  private static var normalQuantiles: [Double] {
    let raw = (0..<quantiles).map { quantile((Double($0) + 0.5) / Double(quantiles)) }
    let scale = (raw.reduce(0) { $0 + $1 * $1 } / Double(quantiles)).squareRoot()
    return raw.map { $0 / scale }
  }

  /// By bisection of the distribution function.
  private static func quantile(_ share: Double) -> Double {
    var (low, high) = (-6.0, 6.0)
    for _ in 0..<80 {
      let middle = (low + high) / 2
      if (1 + erf(middle / 2.0.squareRoot())) / 2 < share { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  /// The start.
  public func startState(using random: inout RandomStream) -> Int { 0 }
}
