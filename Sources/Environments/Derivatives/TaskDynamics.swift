import Interfaces
import Kernels

/// The dynamics and costs of a task with exact derivatives, by dual numbers.
///
/// States are the task's own, in double precision whatever the task itself uses. Where the equations have a kink (a stop,
/// a limit of speed, a wall), derivatives are those of the branch taken.
public struct TaskDynamics<Task: DifferentiableTask>: DifferentiableDynamics {
  /// The task; its own episode plays no part.
  public let task: Task
  public let actionBounds: (low: [Double], high: [Double])

  /// The dynamics of `task`, whose actions are reals.
  public init(_ task: Task) {
    guard case .box(let low, let high) = task.spec.action else { preconditionFailure("\(Task.name) has choices") }
    self.task = task
    actionBounds = (low.map { Double($0) }, high.map { Double($0) })
    precondition(
      stateSize <= ScalarVector<Double>.capacity && actionSize <= ScalarVector<Double>.capacity
        && stateSize + actionSize <= Dual.directions,
      "\(Task.name) has \(stateSize) numbers of state and \(actionSize) of action")
  }

  public var stateSize: Int { Task.State.scalarCount }
  public var actionSize: Int { actionBounds.low.count }
  public var observationSize: Int { task.spec.observationSize }

  public func makeSimulation() -> TaskSimulation<Task> { TaskSimulation(self) }
}
