import Archive
import Kernels

/// Stored transitions in the order of time, which know their place in their episodes.
public protocol EpisodeSource: TransitionSource {
  /// Steps between the start of its episode and transition `index`.
  func time(of index: Int) -> Int

  /// Index of the first transition of the last `episodes` episodes; 0 where there are fewer. O(their steps).
  func firstIndex(ofLast episodes: Int) -> Int
}

/// A model of an environment's steps that may predict by the time within the episode, as local models do.
public protocol EpisodicDynamics: Checkpointable {
  /// Mutable companion that owns all scratch.
  associatedtype Rollout: EpisodicRollout

  /// Metrics that `fit` records, in order.
  static var metricNames: [String] { get }

  /// Whether it has been fitted at least once, so that predictions mean something.
  var isFitted: Bool { get }

  /// Steps of an episode that it can predict; `Int.max` where there is no end.
  var horizon: Int { get }

  /// The newest episodes near which alone its predictions hold; nil where they hold wherever there are data.
  var localEpisodes: Int? { get }

  /// Fits to `data`. Throws `NumericalFailure` when the result is not finite.
  mutating func fit(
    to data: some EpisodeSource, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure)

  /// A rollout of at most `capacity` states advanced at once. Allocates; everything after it does not.
  func makeRollout(capacity: Int) -> Rollout
}

/// N imagined states at times of their own, advanced together.
public protocol EpisodicRollout: ImaginedSteps {
  /// Starts `count` rollouts at the given states [N, D] and times [N] within an episode.
  mutating func reset(
    count: Int, to states: UnsafePointer<Float>, times: UnsafePointer<Int>, using random: RandomStream)

  /// Replaces the states by their successors under `actions` [N, A]. Beyond the model's horizon states mean nothing.
  mutating func advance(_ actions: UnsafePointer<Float>)
}
