import Interfaces
import Kernels

/// The task itself as a dynamics model: planning in it separates what a planner can do from what a learned model knows.
///
/// Rollouts keep the physical state in the task's own precision, so that after a reset from an observation they follow
/// the task exactly; only that first conversion rounds. Terminations and the step limit do not stop a rollout.
public struct TrueModel<Task: StateSpaceTask>: DynamicsModel {
  /// The task that is imitated; its own episode plays no part.
  public let task: Task

  /// A model of `task`.
  public init(_ task: Task) { self.task = task }

  /// Floats per observation.
  public var stateSize: Int { task.spec.observationSize }
  /// Floats per action.
  public var actionSize: Int { task.spec.action.size }

  /// States are a few dozen bytes each, so any number does; small enough to share the work among threads.
  public var preferredRows: Int { 64 }

  /// Room for `capacity` copies of the task.
  public func makeRollout(capacity: Int, keeping steps: Int) -> TrueRollout<Task> {
    precondition(steps == 0, "the steps of this model have no gradients; those of DifferentiableTrueModel have")
    return TrueRollout(task, capacity: capacity)
  }
}

/// Copies of a task that advance together in its true dynamics.
public struct TrueRollout<Task: StateSpaceTask>: ModelRollout, Sendable {
  private let task: Task
  private var simulated: [Task.State]
  private var observations: Matrix
  /// Copies in use.
  public private(set) var count = 0
  public private(set) var steps = 0

  init(_ task: Task, capacity: Int) {
    self.task = task
    simulated = Array(repeating: Task.State(), count: capacity)
    observations = Matrix(rows: capacity, columns: task.spec.observationSize)
  }

  /// Observations of all copies [N, D].
  public var states: UnsafePointer<Float> { observations.pointer }

  /// Starts at `states`, which must be observations of the task. The dynamics are deterministic: particles and `random`
  /// change nothing.
  public mutating func reset(_ starts: RolloutStarts, using random: RandomStream) {
    precondition(starts.count <= simulated.count, "\(starts.count) states in a rollout for \(simulated.count)")
    count = starts.count
    steps = 0
    observations.mutablePointer.update(from: starts.states, count: count * task.spec.observationSize)
    simulated.withUnsafeMutableBufferPointer { [task, count] buffer in
      guard let simulated = buffer.baseAddress else { return }
      task.setStates(simulated, count: count, fromObservations: starts.states)
    }
  }

  /// Advances all copies by one step.
  public mutating func advance(_ actions: UnsafePointer<Float>) {
    let target = observations.mutablePointer
    simulated.withUnsafeMutableBufferPointer { [task, count] buffer in
      guard let simulated = buffer.baseAddress else { return }
      task.advance(simulated, count: count, actions: actions, observations: target)
    }
    steps += 1
  }
}
