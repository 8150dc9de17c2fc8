import Archive
import Kernels

/// What derivatives imagined steps have.
public enum GradientSupport: Int, Sendable, Comparable {
  /// None: `pullBack` must not be called.
  case none
  /// With all randomness held fixed (pathwise, or reparametrized).
  case pathwise
  /// Those, and the scores of the densities that next states are drawn from, for likelihood-ratio estimators.
  case pathwiseAndScores

  public static func < (left: GradientSupport, right: GradientSupport) -> Bool { left.rawValue < right.rawValue }
}

/// What can be imagined in: dynamics, rewards and terminations together. Learned, true, or half known (learned dynamics
/// with known rewards, `KnownRewards`).
///
/// Planners, imagined batches, value expansion and gradients through a model are all rollouts of a world: see
/// `Imagination`, which runs them on all threads.
public protocol World: Sendable {
  /// Mutable companion that owns all scratch of one thread.
  associatedtype Rollout: WorldRollout

  /// Floats per state, D; states are observations.
  var stateSize: Int { get }
  /// Floats per action, A.
  var actionSize: Int { get }
  /// Rows that a rollout advances fastest at once: enough for the matrix products, few enough for the cache.
  var preferredRows: Int { get }
  /// Derivatives that rollouts made with `keeping` above 0 have.
  var gradients: GradientSupport { get }
  /// Whether predictions depend on the time within an episode.
  var isTimed: Bool { get }
  /// Steps of an episode that can be predicted; `Int.max` where there is no end.
  var horizon: Int { get }
  /// The newest episodes near which alone predictions hold; nil where they hold wherever there were data.
  var localEpisodes: Int? { get }
  /// The same world with every step at its expectation, a function of state and action alone; itself where it is one
  /// already. O(1): parameters are shared.
  var expectation: Self { get }
  /// Its hypotheses, each as a world of its own: the members of an ensemble, otherwise itself alone. Parameters are shared.
  var members: [Self] { get }

  /// The world's dynamics as they are known in double precision, with derivatives, where they are; else planners that
  /// linearize make do with `gradients`.
  var knownDynamics: (any PlannedDynamics)? { get }

  /// A rollout of at most `capacity` states advanced at once. With `steps` above 0 it keeps that many steps so that they
  /// can be differentiated, where `gradients` says so. Allocates; everything after it does not.
  func makeRollout(capacity: Int, keeping steps: Int) -> Rollout
}

/// N imagined states, advanced together. One owner, one thread at a time.
public protocol WorldRollout {
  /// States in use, N.
  var count: Int { get }
  /// Steps since the last `reset`, T.
  var steps: Int { get }
  /// The states [N, D] now; valid until the next call.
  var states: UnsafePointer<Float> { get }

  /// The states [N, D] after `step` steps, 0...T, in a rollout that keeps steps; valid until the next `reset`.
  func states(at step: Int) -> UnsafePointer<Float>

  /// Starts rollouts, all of the world's own randomness coming from `random`.
  mutating func reset(_ starts: RolloutStarts, using random: RandomStream)

  /// Replaces the states by their successors under `actions` [N, A]. Terminated rows go on all the same: what becomes of
  /// them is the caller's to ignore. Does not allocate.
  mutating func step(_ actions: UnsafePointer<Float>) -> PredictedStep

  /// Vector-Jacobian product of the step from `step` to `step + 1`, 0..<T, for a scalar L: given ∂L/∂s' [N, D] of the
  /// states after it and ∂L/∂r [N] of its rewards (nil for zero), writes ∂L/∂s [N, D] and ∂L/∂a [N, A]. A row whose
  /// ∂L/∂r is 0 gets nothing from its reward, even where that is not finite. Does not allocate.
  ///
  /// With `scoreWeights` w [N] the next states are held fixed: `nextGradients` must be nil, rewards count as functions of
  /// state and action alone (rewards that the model draws are still followed pathwise), and each row gets w times the
  /// gradient of the logarithm of the density of its next state.
  mutating func pullBack(
    step: Int, nextGradients: UnsafePointer<Float>?, rewardGradients: UnsafePointer<Float>?,
    scoreWeights: UnsafePointer<Float>?, stateGradients: UnsafeMutablePointer<Float>,
    actionGradients: UnsafeMutablePointer<Float>)
}

/// What one step of a world gave; pointers are valid until the rollout's next call.
public struct PredictedStep {
  /// States before the step, [N, D].
  public let states: UnsafePointer<Float>
  /// Actions taken, [N, A].
  public let actions: UnsafePointer<Float>
  /// States after it, [N, D].
  public let next: UnsafePointer<Float>
  /// Rewards of the step, [N].
  public let rewards: UnsafePointer<Float>
  /// Whether each row terminated in it, [N].
  public let terminated: UnsafePointer<Bool>

  /// Of pointers that stay valid until the rollout's next call.
  public init(
    states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafePointer<Float>, terminated: UnsafePointer<Bool>
  ) {
    self.states = states
    self.actions = actions
    self.next = next
    self.rewards = rewards
    self.terminated = terminated
  }
}

/// A world whose parameters come from data.
public protocol LearnedWorld: World, Checkpointable {
  /// Metrics that `fit` records, in order.
  static var metricNames: [String] { get }

  /// Whether predictions mean something: it has been fitted at least once, or needs no data.
  var isFitted: Bool { get }
  /// Whether it has to see data first; false for the truth.
  var needsData: Bool { get }
  /// The model in it whose predictions can be examined, if there is one.
  var predictiveModel: (any PredictiveModel)? { get }

  /// Fits to all transitions of `data`, starting from the current parameters. Throws `NumericalFailure` when a loss is
  /// not finite.
  mutating func fit(
    to data: some TransitionSource, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure)
}

extension World {
  public var isTimed: Bool { false }
  public var horizon: Int { .max }
  public var localEpisodes: Int? { nil }
  public var expectation: Self { self }
  public var members: [Self] { [self] }
  public var knownDynamics: (any PlannedDynamics)? { nil }
}

extension LearnedWorld {
  public var needsData: Bool { true }
  public var predictiveModel: (any PredictiveModel)? { nil }
}
