import Configuration
import Experience
import Interfaces
import Kernels

/// A policy that is searched as a whole in a world that has been fitted to all experience.
public protocol PolicySearch: ActingLearner {
  /// Where it is searched.
  associatedtype World: LearnedWorld

  /// Metrics that `train` records, in order.
  static var metricNames: [String] { get }
  /// Trainings so far; before the first there is no policy.
  var trainings: Int { get }

  /// Searches on from where the last training ended. `firstStates` [n, D] are where episodes began. Lets go of the world's
  /// parameters at its end. Throws `NumericalFailure` when nothing finite comes of it.
  mutating func train(
    in world: World, from replay: ReplayBuffer, firstStates: [Float], using random: inout RandomStream,
    metrics: inout MetricRow
  ) throws(NumericalFailure)
}

/// When an agent that searches a policy in a world collects, fits and trains.
public struct PolicySearchSettings: Configuration {
  public init() {}
  @Setting("Transitions held for fitting and as starts", in: 1...100_000_000) public var replayCapacity: Int = 10_000
  @Setting("Steps with random actions at the start", in: 1...10_000_000) public var randomSteps: Int = 50
  @Setting("Steps that a random action is held for", in: 1...1000) public var randomHold: Int = 3
  @Setting("Steps between fits of the world, each with a training of the policy", in: 1...10_000_000)
  public var fitInterval: Int = 50
}
