import Archive
import Kernels

/// Why an action is asked for.
public enum ActPurpose: Sendable, Equatable {
  /// To collect experience: explore, and expect `observe`.
  case collect
  /// To measure: deterministic where the agent can be, no `observe` follows, nothing that training sees may change.
  case evaluate
}

/// A decision maker in N copies of an environment: the one dynamic boundary (`any Agent`), one call per step of all
/// copies.
///
/// A round of the loop is `act` on all copies, a step of the environment, `observe` and `improve`; `startEpisode` comes
/// before the first `act` of each copy's episode. Copies have the same environment and settings and differ in their
/// random streams. Schedules count environment steps over all copies: see `StepSpan`. Agents that decide row by row
/// conform to `RowwiseAgent` instead.
public protocol Agent: Checkpointable {
  /// Metrics that `improve` and `act` may record; columns of `training.csv`, fixed for the life of a run.
  var metricNames: [String] { get }

  /// Time spent in the costly phases since this value was made.
  var phases: PhaseSeconds { get }

  /// Its own tables, fixed for the life of a run; none for most.
  var tables: [AgentTable] { get }

  /// Whether `takeRows` has anything to hand over.
  var hasRows: Bool { get }

  /// Whether it learns from a dataset alone, so that the loop takes no step of the training environment: each of its rounds is
  /// a call of `improve`, one gradient step, and neither `startEpisode` and `act` for collecting nor `observe` come.
  var isOffline: Bool { get }

  /// What it will hold after so many environment steps, as far as that is much.
  func memoryNeeds(after steps: Int) -> [MemoryNeed]

  /// Discount of a step in what `predictedValue` expects; nil for agents without values.
  var valueDiscount: Float? { get }

  /// What the agent expects, now and without exploration, of an episode that starts with `observation` [D]: the sum of
  /// its rewards, each discounted by `valueDiscount` to the power of its time, as training sees rewards. Draws nothing
  /// and changes nothing. Nil for agents without values.
  func predictedValue(of observation: [Float]) -> Float?

  /// Makes room for N `copies` of what episodes of that purpose need: warm starts, random streams, noise with memory. A
  /// new agent has room for one. For `.collect` called at most once, before `restore` and everything else; for
  /// `.evaluate` also between evaluations, whose state is then as new.
  mutating func prepare(copies: Int, for purpose: ActPurpose)

  /// An episode of copy `copy` starts. With `.evaluate`, collected episodes may be under way and go on afterwards;
  /// their warm starts must survive. `random` is the episode's own stream, derived from the run's seed and the
  /// episode's place.
  mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream)

  /// Writes the actions of the active rows of `steps` for their observations. Measured actions of a row do not depend
  /// on the other rows, nor on the row's place. Does not allocate after warm-up.
  mutating func act(on steps: inout CopySteps, for purpose: ActPurpose) throws(NumericalFailure)

  /// Takes in a collected step of every copy: observation, action, reward and ending at time t, observation at t + 1.
  mutating func observe(_ steps: CopySteps)

  /// Trains if its own schedule says so; called once after each `observe`, whose N steps count as N. Throws
  /// `NumericalFailure`, whereupon the run stops.
  mutating func improve(metrics: inout MetricRow) throws(NumericalFailure)

  /// Hands over the rows of its tables since the last call, with the index of their table in `tables`, and forgets
  /// them. Called after every `improve`, so that no row is ever left in a checkpoint.
  mutating func takeRows() -> [(table: Int, fields: [AgentField])]
}

extension Agent {
  /// False: most agents learn from their own steps.
  public var isOffline: Bool { false }

  /// Nothing that counts.
  public func memoryNeeds(after steps: Int) -> [MemoryNeed] { [] }

  /// No tables.
  public var tables: [AgentTable] { [] }

  /// Nil: not all agents have values.
  public var valueDiscount: Float? { nil }

  /// Nil: not all agents have values.
  public func predictedValue(of observation: [Float]) -> Float? { nil }

  /// False: most agents write no tables.
  public var hasRows: Bool { false }

  /// No rows, for agents without tables.
  public mutating func takeRows() -> [(table: Int, fields: [AgentField])] { [] }
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
