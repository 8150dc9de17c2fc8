import Archive
import Kernels

/// Why an action is asked for.
public enum ActPurpose: Sendable, Equatable {
  /// To collect experience: explore, and expect `observe`.
  case collect
  /// To measure: deterministic where the agent can be, no `observe` follows, nothing that training sees may change.
  case evaluate
}

/// A decision maker in an environment: the one dynamic boundary (`any Agent`), one call per environment step.
public protocol Agent: Checkpointable {
  /// Metrics that `improve` and `act` may record; columns of `training.csv`, fixed for the life of a run.
  var metricNames: [String] { get }

  /// Time spent in the costly phases since this value was made.
  var phases: PhaseSeconds { get }

  /// An episode starts. With `.evaluate`, a collected episode may be under way and goes on afterwards; its warm starts must
  /// survive. `random` is the episode's own stream, derived from the run's seed and the episode's place.
  mutating func startEpisode(for purpose: ActPurpose, using random: RandomStream)

  /// Writes an action (`spec.action.size` floats) for `observation`. Does not allocate after warm-up.
  mutating func act(on observation: [Float], for purpose: ActPurpose, action: inout [Float]) throws(NumericalFailure)

  /// Takes in a collected step: observation, action and outcome at time t, observation at t + 1.
  mutating func observe(_ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float])

  /// Trains if its own schedule says so; called once after each `observe`. Throws `NumericalFailure`, whereupon the run
  /// stops.
  mutating func improve(metrics: inout MetricRow) throws(NumericalFailure)
}

/// Seconds an agent has spent so far in its costly phases; for `timing.csv`, never part of its state.
public struct PhaseSeconds: Sendable {
  /// Rolling out a model: to search for actions, or to imagine experience.
  public var planning = 0.0
  /// Fitting a dynamics model.
  public var fitting = 0.0
  /// Updating policies and values.
  public var learning = 0.0

  /// All zero.
  public init() {}
}
