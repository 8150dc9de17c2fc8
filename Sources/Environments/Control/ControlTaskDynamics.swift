import ControlTasks
import Interfaces
import Kernels

/// The dynamics and costs of a `ControlTask` with exact derivatives of the steps, by dual numbers.
///
/// The cost of a step is that of the state it leads to and of the action; its expansion goes through the linearized step,
/// whose curvature is left out, and has the curvature that the task's cost says.
public struct ControlTaskDynamics<Task: ControlTask>: DifferentiableDynamics {
  /// The task; its own episode plays no part.
  public let task: Task
  public let actionBounds: (low: [Double], high: [Double])

  /// The dynamics of `task`.
  public init(_ task: Task) {
    self.task = task
    actionBounds = (task.actionBounds.low.map { Double($0) }, task.actionBounds.high.map { Double($0) })
    precondition(stateSize <= 8 && actionSize <= 8, "\(Task.name) is too large")
  }

  public var stateSize: Int { task.cost.stateSize }
  public var actionSize: Int { task.cost.actionSize }
  public var observationSize: Int { stateSize }

  public func makeSimulation() -> ControlTaskSimulation<Task> { ControlTaskSimulation(dynamics: self) }
}
