import Configuration
import Interfaces
import Kernels

/// Settings of `RandomProcess`.
public struct RandomProcessSettings: Configuration {
  /// Number of states.
  @Setting("States", in: 1...100_000) public var states: Int = 20
  /// Number of actions.
  @Setting("Actions in each state", in: 2...1000) public var actions: Int = 4
  /// Successors of a pair.
  @Setting("States that can follow an action in a state", in: 1...1000) public var branching: Int = 3
  /// Which process.
  @Setting("Seed of the process itself; runs of any seed share it", in: 0...1_000_000_000) public var processSeed: Int =
    0
  /// Steps after which an episode is cut off.
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000_000) public var stepLimit: Int = 100

  public init() {}

  public func validate() throws(ConfigurationError) {
    if branching > states { throw ConfigurationError("branching", "must not exceed states (\(states))") }
  }
}

/// A random Markov decision process with known probabilities: the GARNET problems of Archibald, McKinnon and Thomas, "On the
/// generation of Markov decision processes" (1995).
///
/// Each action in each state leads to `branching` different states, drawn uniformly, with probabilities that are the gaps
/// between sorted uniform numbers; its reward is uniform in [0, 1). Episodes start in a uniform state and never terminate.
public struct RandomProcess: FiniteTask {
  /// The name users type.
  public static let name = "random-mdp"
  /// What the task asks for.
  public static let summary = "earn the most in a random Markov decision process (tabular, discrete)"

  /// Shapes, bounds and step limit.
  public let spec: EnvironmentSpec
  /// What follows what.
  public let process: MarkovDecisionProcess
  /// The episode under way.
  public var episode = FiniteEpisode()

  /// Reward and termination on observations.
  public var objective: ProcessObjective { ProcessObjective(process: process) }

  /// A task that has not been reset yet.
  public init(_ settings: RandomProcessSettings) {
    let root = RandomStream(seed: UInt64(settings.processSeed)).child("random-mdp")
    process = MarkovDecisionProcess(states: settings.states, actions: settings.actions) { state, action in
      var random = root.child(state * settings.actions + action)
      let reward = Double(random.uniform())
      var successors: [Int] = []
      while successors.count < settings.branching {
        let next = random.index(below: settings.states)
        if !successors.contains(next) { successors.append(next) }
      }
      let cuts = [0] + (1..<settings.branching).map { _ in Double(random.uniform()) }.sorted() + [1]
      return successors.indices.map {
        MarkovDecisionProcess.Outcome(next: successors[$0], probability: cuts[$0 + 1] - cuts[$0], reward: reward)
      }
    }
    spec = Self.spec(of: process, stepLimit: settings.stepLimit, rewardRange: 0...1)
  }

  /// Any, with the same probability.
  public func startState(using random: inout RandomStream) -> Int { random.index(below: spec.observationSize) }
}
