import Archive
import Kernels

/// A model of how states follow from states and actions. Parameters are immutable while rollouts use them, so that
/// threads share one model.
public protocol DynamicsModel: Sendable {
  /// Mutable companion that owns all scratch of one worker.
  associatedtype Rollout: ModelRollout

  /// Floats per state, D.
  var stateSize: Int { get }
  /// Floats per action, A.
  var actionSize: Int { get }

  /// Rows that a rollout advances fastest at once: enough for the matrix products, few enough for the cache.
  var preferredRows: Int { get }

  /// A rollout of at most `capacity` states advanced at once. Allocates; everything after it does not.
  func makeRollout(capacity: Int) -> Rollout
}

/// N imagined states, advanced together. One owner, one thread at a time.
public protocol ModelRollout: ImaginedSteps {
  /// Number of states in use, N.
  var count: Int { get }

  /// Starts `count` rollouts at the given states [N, D], all of the model's own randomness coming from `random`.
  /// Row r is *particle* `r / rowsPerParticle`: models that keep one hypothesis a particle for the whole rollout
  /// (TS-infinity) choose it by that number, offset by `firstParticle`.
  mutating func reset(
    count: Int, to states: UnsafePointer<Float>, rowsPerParticle: Int, firstParticle: Int, using random: RandomStream)

  /// Replaces the states by their successors under `actions` [N, A]. Does not allocate.
  mutating func advance(_ actions: UnsafePointer<Float>)
}

/// A model whose parameters come from data.
public protocol TrainableDynamics: DynamicsModel, Checkpointable {
  /// Metrics that `fit` records, in order.
  static var metricNames: [String] { get }

  /// Whether it has been fitted at least once, so that predictions mean something.
  var isFitted: Bool { get }

  /// Fits to all transitions of `data`, starting from the current parameters. Throws `NumericalFailure` when a loss is
  /// not finite.
  mutating func fit(
    to data: some TransitionSource, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure)
}

/// Random access to stored transitions.
public protocol TransitionSource {
  /// Number of stored transitions.
  var count: Int { get }

  /// Copies transitions `indices` (each in 0..<count) into the rows of `batch`, in that order. Does not allocate.
  func gather(_ indices: UnsafeBufferPointer<Int32>, into batch: inout TransitionBatch)
}

/// A number that should be finite is not. The laboratory stops the run and names it.
public struct NumericalFailure: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is not finite, as a metric's name (`critic_loss`, `model_loss`).
  public let metric: String
  /// The offending value's text.
  public let value: String

  /// Memberwise.
  public init(metric: String, value: Float) {
    self.metric = metric
    self.value = "\(value)"
  }

  /// One sentence.
  public var description: String { "\(metric) is \(value)" }
}
