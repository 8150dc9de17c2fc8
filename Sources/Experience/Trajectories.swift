import Interfaces
import Kernels

/// Whole episodes in order of time, for methods that need sequences (returns, local models, policy gradients).
public struct Trajectories: Sendable {
  /// One episode of T steps.
  public struct Episode: Sendable {
    /// Observations at times 0...T, [T + 1, D].
    public var observations: Matrix
    /// Actions at times 0..<T, [T, A].
    public var actions: Matrix
    /// Rewards of the steps from t to t + 1, [T].
    public var rewards: [Float]
    /// Why it ended; `.none` while under way or cut by the collector.
    public var ending: Ending

    /// Number of steps, T.
    public var length: Int { rewards.count }
    /// Sum of rewards.
    public var totalReward: Double { rewards.reduce(0) { $0 + Double($1) } }

    /// Discounted sums of rewards from each step on, [T]; `bootstrap` is the value of the last observation and counts unless
    /// the episode terminated. O(T).
    public func returns(discount: Float, bootstrap: Float = 0) -> [Float] {
      var result = [Float](repeating: 0, count: length)
      var following = ending == .terminated ? 0 : bootstrap
      for t in rewards.indices.reversed() {
        following = rewards[t] + discount * following
        result[t] = following
      }
      return result
    }
  }

  /// Finished episodes, oldest first.
  public private(set) var episodes: [Episode] = []
  /// Floats per observation, D.
  public let observationSize: Int
  /// Floats per action, A.
  public let actionSize: Int
  private var observations: [Float] = []
  private var actions: [Float] = []
  private var rewards: [Float] = []

  /// No episodes yet.
  public init(observationSize: Int, actionSize: Int) {
    self.observationSize = observationSize
    self.actionSize = actionSize
  }

  /// Steps in all finished episodes.
  public var stepCount: Int { episodes.reduce(0) { $0 + $1.length } }

  /// Adds a step to the episode under way, and closes the episode if the step ended it.
  public mutating func append(_ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float]) {
    precondition(
      observation.count == observationSize && next.count == observationSize && action.count == actionSize,
      "step of another shape")
    observations += observation
    actions += action
    rewards.append(outcome.reward)
    if outcome.ending != .none { close(next, outcome.ending) }
  }

  /// Closes the episode under way at observation `last`, though it has not ended; nothing if it has no steps.
  public mutating func cut(at last: [Float]) {
    if !rewards.isEmpty { close(last, .none) }
  }

  /// Forgets all but the newest `count` finished episodes.
  public mutating func keepLast(_ count: Int) { episodes.removeFirst(max(0, episodes.count - count)) }

  private mutating func close(_ last: [Float], _ ending: Ending) {
    episodes.append(
      Episode(
        observations: Matrix(rows: rewards.count + 1, columns: observationSize, observations + last),
        actions: Matrix(rows: rewards.count, columns: actionSize, actions), rewards: rewards, ending: ending))
    observations.removeAll(keepingCapacity: true)
    actions.removeAll(keepingCapacity: true)
    rewards.removeAll(keepingCapacity: true)
  }
}
