import Archive
import Interfaces
import Kernels

/// Transitions of whole episodes, in the order in which they happened, to learn from offline.
///
/// In a file they are NumPy's NPZ: `observations` [N, D], `actions` [N, A], `rewards` [N] and `next_observations` [N, D] of
/// 32-bit floats, `terminated` [N] and `truncated` [N] of bytes, and `environment`, the bytes of its name in UTF-8, empty where
/// that is not known.
public struct TransitionDataset: Sendable, Equatable {
  /// Name of the environment; empty where it is not known.
  public var environment: String
  /// Floats per observation, D.
  public let observationSize: Int
  /// Floats per action, A.
  public let actionSize: Int
  /// Observations at time t, [N, D].
  public private(set) var observations: [Float] = []
  /// Actions at time t in the environment's units, [N, A].
  public private(set) var actions: [Float] = []
  /// Rewards of the step from t to t + 1, [N].
  public private(set) var rewards: [Float] = []
  /// Observations at time t + 1, [N, D].
  public private(set) var nextObservations: [Float] = []
  /// Whether and why the episode ended with the step, [N].
  public private(set) var endings: [Ending] = []

  /// No transitions yet, of an environment with those sizes.
  public init(environment: String = "", observationSize: Int, actionSize: Int) {
    precondition(observationSize > 0 && actionSize > 0, "empty observations or actions")
    (self.environment, self.observationSize, self.actionSize) = (environment, observationSize, actionSize)
  }

  /// Transitions, N.
  public var count: Int { rewards.count }

  /// Adds the step that follows the last one.
  public mutating func append(_ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float]) {
    precondition(
      observation.count == observationSize && action.count == actionSize && next.count == observationSize,
      "transition of another shape")
    observations += observation
    actions += action
    rewards.append(outcome.reward)
    nextObservations += next
    endings.append(outcome.ending)
  }

  /// Says that the last episode, if it has not ended, was cut off.
  public mutating func endEpisode() {
    if endings.last == Ending.none { endings[endings.count - 1] = .truncated }
  }

  /// Adds an episode.
  public mutating func append(_ episode: Trajectories.Episode) {
    for t in 0..<episode.length {
      append(
        Array(episode.observations.row(t)), Array(episode.actions.row(t)),
        StepOutcome(reward: episode.rewards[t], ending: t == episode.length - 1 ? episode.ending : .none),
        next: Array(episode.observations.row(t + 1)))
    }
    endEpisode()
  }

  /// Takes over whole columns of equal length.
  mutating func adopt(
    _ observations: [Float], _ actions: [Float], _ rewards: [Float], _ next: [Float], _ endings: [Ending]
  ) {
    self.observations = observations
    self.actions = actions
    self.rewards = rewards
    nextObservations = next
    self.endings = endings
  }

  /// Calls `body` with each transition and the time it began at, by pointers that are valid until it returns.
  func forEach(
    _ body: (
      _ observation: UnsafePointer<Float>, _ action: UnsafePointer<Float>, _ outcome: StepOutcome,
      _ next: UnsafePointer<Float>, _ time: Int
    ) -> Void
  ) {
    observations.withUnsafeBufferPointer { observations in
      actions.withUnsafeBufferPointer { actions in
        nextObservations.withUnsafeBufferPointer { nextObservations in
          guard let o = observations.baseAddress, let a = actions.baseAddress, let n = nextObservations.baseAddress
          else { return }
          var time = 0
          for row in 0..<count {
            body(
              o + row * observationSize, a + row * actionSize,
              StepOutcome(reward: rewards[row], ending: endings[row]), n + row * observationSize, time)
            time = endings[row] == .none ? time + 1 : 0
          }
        }
      }
    }
  }

  /// Sum of rewards and length of each episode, in their order; the last one may not have ended.
  public var episodes: [(total: Double, length: Int)] {
    var (result, total, length): ([(total: Double, length: Int)], Double, Int) = ([], 0, 0)
    for row in 0..<count {
      total += Double(rewards[row])
      length += 1
      guard endings[row] != .none || row == count - 1 else { continue }
      result.append((total, length))
      (total, length) = (0, 0)
    }
    return result
  }

  /// CRC-32 of all that learning depends on: what a checkpoint remembers instead of the transitions.
  public var checksum: UInt32 {
    var sum = Checksum()
    for numbers in [observations, actions, rewards, nextObservations] {
      numbers.withUnsafeBytes { sum.update($0) }
    }
    endings.map(\.rawValue).withUnsafeBytes { sum.update($0) }
    return sum.value
  }
}
