import Archive
import Interfaces
import Kernels

/// A task with numbered states, whose Markov decision process is known: what tabular methods learn in, and what value
/// iteration can solve to compare with.
///
/// Observations are one-hot, so that learners with networks can act here too. A conforming structure states the process
/// and where episodes start; the rest of `Environment` comes from the extension.
public protocol FiniteTask: NativeTask, ImaginableEnvironment, FiniteEnvironment {
  /// What follows each action in each state now. It may depend on `episode.totalSteps` and on nothing else that
  /// changes.
  var process: MarkovDecisionProcess { get }

  /// The episode under way.
  var episode: FiniteEpisode { get set }

  /// Draws the state that an episode starts in.
  func startState(using random: inout RandomStream) -> Int
}

/// Where an episode of numbered states stands.
public struct FiniteEpisode: Sendable {
  /// The current state.
  public internal(set) var state = 0
  /// Steps since the reset.
  public internal(set) var elapsedSteps = 0
  /// Steps of all episodes so far.
  public internal(set) var totalSteps = 0
  /// Whether `totalSteps` stands still: in environments to measure in.
  var isClockStopped = false
  var isRunning = false
  /// Chance in the episode's steps.
  var random = RandomStream(seed: 0)

  /// Before the first reset.
  public init() {}
}

extension FiniteEpisode: Checkpointable {
  public func save(to writer: inout StateWriter) {
    writer.write("counters", [state, elapsedSteps, totalSteps, isClockStopped ? 1 : 0, isRunning ? 1 : 0])
    writer.write("random", random)
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    let counters = try reader.counts("counters")
    guard counters.count == 5 else {
      throw .mismatch(name: "counters", expected: "5 integers", found: "\(counters.count)")
    }
    (state, elapsedSteps, totalSteps) = (counters[0], counters[1], counters[2])
    (isClockStopped, isRunning) = (counters[3] != 0, counters[4] != 0)
    random = try reader.stream("random")
  }
}

extension FiniteTask {
  /// The spec of a task with this process: one-hot states, numbered actions.
  static func spec(
    of process: MarkovDecisionProcess, stepLimit: Int, rewardRange: ClosedRange<Float>
  ) -> EnvironmentSpec {
    EnvironmentSpec(
      observationSize: process.stateCount, isOneHot: true, action: .discrete(count: process.actionCount), timeStep: 1,
      stepLimit: stepLimit, rewardRange: rewardRange)
  }

  /// Starts an episode, then takes one number from `random` as the seed of its steps.
  public mutating func reset(using random: inout RandomStream, observation: inout [Float]) {
    episode.state = startState(using: &random)
    episode.random = RandomStream(seed: random.next())
    episode.elapsedSteps = 0
    episode.isRunning = true
    show(in: &observation)
  }

  /// Draws what follows `action`; throws `EnvironmentError` for an action that is none of the choices.
  public mutating func step(_ action: [Float], observation: inout [Float]) throws(EnvironmentError) -> StepOutcome {
    guard episode.isRunning else { throw EnvironmentError.outsideEpisode(environment: Self.name) }
    try spec.action.check(action, of: Self.name)
    let outcome = MarkovDecisionProcess.draw(from: process[episode.state, Int(action[0])], using: &episode.random)
    episode.state = outcome.next
    episode.elapsedSteps += 1
    if !episode.isClockStopped { episode.totalSteps += 1 }
    let ending: Ending =
      outcome.terminates ? .terminated : episode.elapsedSteps >= spec.stepLimit ? .truncated : .none
    episode.isRunning = ending == .none
    show(in: &observation)
    return StepOutcome(reward: Float(outcome.reward), ending: ending)
  }

  /// The process as it is now.
  public var trueWorld: any LearnedWorld { TrueWorld(KnownRewards(ProcessModel(process), objective)) }

  public func save(to writer: inout StateWriter) { writer.write("episode", episode) }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    try reader.read("episode", into: &episode)
    guard episode.state < spec.observationSize else {
      throw .mismatch(name: "state", expected: "less than \(spec.observationSize)", found: "\(episode.state)")
    }
  }

  private func show(in observation: inout [Float]) {
    precondition(
      observation.count == spec.observationSize,
      "\(Self.name) observes \(spec.observationSize) floats, not \(observation.count)")
    observation.withUnsafeMutableBufferPointer { buffer in
      if let base = buffer.baseAddress { OneHot.write(episode.state, count: buffer.count, into: base) }
    }
  }
}

/// Reward and termination of the steps that a process can take; for others, and for observations that are not one-hot,
/// the reward is NaN. Where a state may follow an action with several rewards, they are not known from observations.
public struct ProcessObjective: Objective {
  let process: MarkovDecisionProcess
  public let knowsReward: Bool

  /// The objective of `process`. O(outcomes).
  init(process: MarkovDecisionProcess) {
    self.process = process
    var isKnown = true
    for state in 0..<process.stateCount {
      for action in 0..<process.actionCount {
        let row = process[state, action].filter { $0.probability > 0 }
        for (place, outcome) in row.enumerated() {
          for other in row[..<place] where other.next == outcome.next && other.reward != outcome.reward {
            isKnown = false
          }
        }
      }
    }
    knowsReward = isKnown
  }

  /// Scores `count` transitions, as `Objective` says.
  public func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) {
    let size = process.stateCount
    for row in 0..<count {
      rewards[row] = .nan
      terminated[row] = false
      guard let state = OneHot.index(of: states + row * size, count: size),
        let following = OneHot.index(of: next + row * size, count: size),
        let action = Int(exactly: actions[row]), (0..<process.actionCount).contains(action),
        let outcome = process[state, action].first(where: { $0.next == following && $0.probability > 0 })
      else { continue }
      if knowsReward { rewards[row] = Float(outcome.reward) }
      terminated[row] = outcome.terminates
    }
  }
}
