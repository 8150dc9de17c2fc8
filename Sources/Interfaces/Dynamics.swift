import Archive
import Kernels

/// A model of how states follow from states and actions, which may predict rewards and terminations too. Parameters are
/// immutable while rollouts use them, so that threads share one model. With what it does not predict it makes a
/// `World`: see `KnownRewards`.
public protocol DynamicsModel: Sendable {
  /// Mutable companion that owns all scratch of one thread.
  associatedtype Rollout: ModelRollout

  /// Floats per state, D.
  var stateSize: Int { get }
  /// Floats per action, A.
  var actionSize: Int { get }
  /// Rows that a rollout advances fastest at once: enough for the matrix products, few enough for the cache.
  var preferredRows: Int { get }
  /// Whether rewards are predicted, so that `predictedRewards` of rollouts is not nil.
  var predictsRewards: Bool { get }
  /// Derivatives that rollouts made with `keeping` above 0 have; none by default.
  var gradients: GradientSupport { get }
  /// Whether predictions depend on the time within an episode.
  var isTimed: Bool { get }
  /// Steps of an episode that it can predict; `Int.max` where there is no end.
  var horizon: Int { get }
  /// The newest episodes near which alone its predictions hold; nil where they hold wherever there were data.
  var localEpisodes: Int? { get }
  /// The same model with every step at its expectation, a function of state and action alone; itself where it is one
  /// already. O(1): parameters are shared.
  var expectation: Self { get }
  /// Its hypotheses, each as a model of its own: the members of an ensemble, otherwise itself alone. Parameters are shared.
  var members: [Self] { get }

  /// A rollout of at most `capacity` states that keeps up to `steps` steps for `pullBack`, or none with 0. Allocates;
  /// everything after it does not.
  func makeRollout(capacity: Int, keeping steps: Int) -> Rollout
}

extension DynamicsModel {
  public var predictsRewards: Bool { false }
  public var gradients: GradientSupport { .none }
  public var isTimed: Bool { false }
  public var horizon: Int { .max }
  public var localEpisodes: Int? { nil }
  public var expectation: Self { self }
  public var members: [Self] { [self] }
}

/// N imagined states, advanced together. One owner, one thread at a time.
public protocol ModelRollout {
  /// Number of states in use, N.
  var count: Int { get }
  /// Steps since the last `reset`, T.
  var steps: Int { get }
  /// The states [N, D] now; valid until the next call.
  var states: UnsafePointer<Float> { get }

  /// The states [N, D] after `step` steps, 0...T, in a rollout that keeps steps; valid until the next `reset`.
  func states(at step: Int) -> UnsafePointer<Float>

  /// Rewards [N] of the last step if the model predicts them; nil where they must be known otherwise.
  var predictedRewards: UnsafePointer<Float>? { get }
  /// Whether each of the [N] rows terminated in the last step, if the model predicts it; nil where that must be known
  /// otherwise. Rows go on all the same.
  var predictedTerminations: UnsafePointer<Bool>? { get }

  /// Starts rollouts, all of the model's own randomness coming from `random`.
  mutating func reset(_ starts: RolloutStarts, using random: RandomStream)

  /// Replaces the states by their successors under `actions` [N, A]. Does not allocate.
  mutating func advance(_ actions: UnsafePointer<Float>)

  /// Vector-Jacobian product of the step from `step` to `step + 1`, 0..<T: given the gradients of a scalar with respect
  /// to the next states [N, D] (nil for zero) and to the predicted rewards [N] (nil for zero; ignored where the model
  /// predicts none), writes its gradients with respect to the states [N, D] and to the actions [N, A].
  ///
  /// All randomness of a step is held fixed (the pathwise, or reparametrized, derivative): with noise e, s' = m(s, a) +
  /// σ(s, a) e, and a model of several members keeps its choice among them. With `scoreWeights` w [N], adds for each
  /// row w times the gradient of the logarithm of the density of the next state drawn, the state itself held fixed: the
  /// likelihood ratio's part; `gradients` must include scores then. Rewards that are drawn have no score; their
  /// derivative is always pathwise. Must not be called where `gradients` is `none`. Does not allocate.
  mutating func pullBack(
    step: Int, nextGradients: UnsafePointer<Float>?, rewardGradients: UnsafePointer<Float>?,
    scoreWeights: UnsafePointer<Float>?, stateGradients: UnsafeMutablePointer<Float>,
    actionGradients: UnsafeMutablePointer<Float>)
}

extension ModelRollout {
  public var predictedRewards: UnsafePointer<Float>? { nil }
  public var predictedTerminations: UnsafePointer<Bool>? { nil }

  public func states(at step: Int) -> UnsafePointer<Float> {
    preconditionFailure("a rollout that keeps no steps was asked for the states of step \(step)")
  }

  public mutating func pullBack(
    step: Int, nextGradients: UnsafePointer<Float>?, rewardGradients: UnsafePointer<Float>?,
    scoreWeights: UnsafePointer<Float>?, stateGradients: UnsafeMutablePointer<Float>,
    actionGradients: UnsafeMutablePointer<Float>
  ) {
    preconditionFailure("a model without gradients was asked for those of step \(step)")
  }
}

/// A model whose parameters come from data.
public protocol LearnedDynamics: DynamicsModel, Checkpointable {
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

  /// Steps between the start of its episode and transition `index`; 0 where that is not known.
  func time(of index: Int) -> Int

  /// Index of the first transition of the last `episodes` episodes; 0 where there are fewer, or times are not known.
  /// O(their steps).
  func firstIndex(ofLast episodes: Int) -> Int
}

extension TransitionSource {
  public func time(of index: Int) -> Int { 0 }
  public func firstIndex(ofLast episodes: Int) -> Int { 0 }
}

/// A number that should be finite is not. The laboratory stops the run and names it.
public struct NumericalFailure: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is not finite, as a metric's name (`critic_loss`, `model_loss`).
  public let metric: String
  /// The offending value's text.
  public let value: String

  /// That metric `metric` came out as `value`.
  public init(metric: String, value: Float) {
    self.metric = metric
    self.value = "\(value)"
  }

  /// One sentence.
  public var description: String { "\(metric) is \(value)" }
}
