import Archive
import Kernels

/// A task that is stepped one action at a time. Its saved state must let `step` continue bit for bit.
public protocol Environment: Checkpointable, Sendable {
  /// Shapes and limits; constant over the life of the value.
  var spec: EnvironmentSpec { get }

  /// Starts an episode, drawing the start state from `random`, and writes the first observation
  /// (`spec.observationSize` floats). Does not allocate. Throws where the environment can fail, such as one that another
  /// process runs.
  mutating func reset(using random: inout RandomStream, observation: inout [Float]) throws

  /// Applies `action` (`spec.action.size` floats) and writes the next observation. Actions outside the bounds are clipped.
  /// Must not be called after an ending before the next `reset`. Does not allocate.
  mutating func step(_ action: [Float], observation: inout [Float]) throws -> StepOutcome

  /// Gets ready for `save`, which cannot fail: an environment whose state is kept elsewhere fetches it. Called right
  /// before `save`, within episodes and between them. False where the state of an episode under way cannot be saved;
  /// what is saved then is only good for starting the next one.
  mutating func prepareToSave() throws -> Bool

  /// Writes the running statistics of training by which the environment normalizes what it shows; nothing for most.
  func saveStatistics(to writer: inout StateWriter)

  /// Turns into an environment to measure in: from now on it normalizes by the statistics that `saveStatistics` of the
  /// training environment wrote, never updates them, and gives the rewards of the task itself. Called at the start of
  /// each evaluation: one whose episodes differ by their number counts them from here.
  mutating func beginMeasurement(with statistics: StateReader) throws(ArchiveError)

  /// Counts `episodes` more episodes as begun, without beginning them: for an environment whose episodes differ by
  /// their number and that measures only some of them. Nothing for most.
  mutating func skipEpisodes(_ episodes: Int)

  /// What each float of an observation is, such as `angular velocity`; empty where that is not known.
  var observationNames: [String] { get }

  /// What the environment is made of besides this program, such as versions of libraries and a hash of a module, by name: what a
  /// run that goes on must find as it was.
  var provenance: [(name: String, value: String)] { get }

  /// What an episode came to besides its return, such as a final distance: columns of `evaluations.csv`, constant over the
  /// life of the value; none for most.
  var measureNames: [String] { get }

  /// The numbers of `measureNames` as they are now; asked for when an episode has ended.
  var measures: [Double] { get }

  /// Gets ready to be looked at, from the next `reset` on: an environment that must be made otherwise to be drawn is.
  mutating func beginShowing()

  /// What the environment looks like after the last `reset` or `step`; nil where it cannot be drawn.
  mutating func picture() throws -> Picture?
}

extension Environment {
  /// Not known.
  public var observationNames: [String] { [] }

  /// Nothing else: most environments are part of this program.
  public var provenance: [(name: String, value: String)] { [] }

  /// Nothing to do: most environments can be saved at any time.
  public mutating func prepareToSave() throws -> Bool { true }

  /// Nothing: most environments learn nothing.
  public func saveStatistics(to writer: inout StateWriter) {}

  /// Nothing: most environments show the same to everyone.
  public mutating func beginMeasurement(with statistics: StateReader) throws(ArchiveError) {}

  /// Nothing: the episodes of most environments differ by their random streams alone.
  public mutating func skipEpisodes(_ episodes: Int) {}

  /// Nothing is measured but the return.
  public var measureNames: [String] { [] }

  /// Nothing is measured but the return.
  public var measures: [Double] { [] }

  /// Nothing to do: most environments can be drawn at any time, or never.
  public mutating func beginShowing() {}

  /// Cannot be rendered: nil.
  public mutating func picture() throws -> Picture? { nil }
}

/// Reward and termination of imagined steps, so that planners and learners can score what a dynamics model predicts.
public protocol Objective: Sendable {
  /// Whether rewards are known. Where only terminations are, `evaluate` writes NaN for the rewards, and a model must
  /// predict them.
  var knowsReward: Bool { get }

  /// Whether terminations are known. Where only rewards are, `evaluate` says that nothing terminates, and a model must
  /// predict terminations.
  var knowsTermination: Bool { get }

  /// Scores N transitions: `states` [N, D], `actions` [N, A] and `next` [N, D], row-major and without gaps, give `rewards`
  /// [N] and `terminated` [N]. Rows are independent; called from several threads at once on disjoint rows. Does not
  /// allocate.
  func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>)
}

extension Objective {
  /// True: most objectives are the rewards.
  public var knowsReward: Bool { true }

  /// True: most objectives know both.
  public var knowsTermination: Bool { true }

  /// The same on matrices: `states` [N, D], `actions` [N, A], `next` [N, D], with the N results in arrays.
  public func evaluate(
    _ states: Matrix, _ actions: Matrix, _ next: Matrix, rewards: inout [Float], terminated: inout [Bool]
  ) {
    let count = states.rows
    precondition(actions.rows == count && next.rows == count, "row counts differ")
    precondition(rewards.count == count && terminated.count == count, "result arrays must have \(count) elements")
    rewards.withUnsafeMutableBufferPointer { rewards in
      terminated.withUnsafeMutableBufferPointer { terminated in
        guard let rewards = rewards.baseAddress, let terminated = terminated.baseAddress else { return }
        evaluate(
          count: count, states: states.pointer, actions: actions.pointer, next: next.pointer, rewards: rewards,
          terminated: terminated)
      }
    }
  }
}

/// The objective of a task that tells nothing about itself: rewards are NaN and nothing terminates, so a model must predict
/// both.
public struct UnknownObjective: Objective {
  public var knowsReward: Bool { false }
  public var knowsTermination: Bool { false }

  /// Nothing to set.
  public init() {}

  public func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) {
    rewards.update(repeating: .nan, count: count)
    terminated.update(repeating: false, count: count)
  }
}
