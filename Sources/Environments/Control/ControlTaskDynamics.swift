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

/// Steps, linearizes and scores a task's states. Rows are shared among the threads in shards of eight.
public struct ControlTaskSimulation<Task: ControlTask>: CostSimulation {
  let dynamics: ControlTaskDynamics<Task>

  public var stateSize: Int { dynamics.stateSize }
  public var tangentSize: Int { dynamics.stateSize }
  public var actionSize: Int { dynamics.actionSize }

  public mutating func setState(
    _ state: UnsafeMutablePointer<Double>, fromObservation observation: UnsafePointer<Float>
  ) {
    for index in 0..<stateSize { state[index] = Double(observation[index]) }
  }

  public mutating func observe(_ state: UnsafePointer<Double>, into observation: UnsafeMutablePointer<Double>) {
    observation.update(from: state, count: stateSize)
  }

  public mutating func step(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, next: UnsafeMutablePointer<Double>
  ) {
    run(ControlRows(dynamics: dynamics, count: count, states: states, actions: actions, output: .successors(next)))
  }

  public mutating func linearize(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>,
    stateJacobians: UnsafeMutablePointer<Double>, actionJacobians: UnsafeMutablePointer<Double>
  ) {
    run(
      ControlRows(
        dynamics: dynamics, count: count, states: states, actions: actions,
        output: .jacobians(state: stateJacobians, action: actionJacobians)))
  }

  public mutating func evaluateCosts(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, costs: UnsafeMutablePointer<Double>
  ) {
    run(ControlRows(dynamics: dynamics, count: count, states: states, actions: actions, output: .costs(costs)))
  }

  public mutating func quadratize(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, into costs: inout QuadraticCosts
  ) {
    precondition(count <= costs.count, "\(count) steps in an expansion for \(costs.count)")
    precondition(costs.tangentSize == tangentSize && costs.actionSize == actionSize, "an expansion of other costs")
    costs.withUnsafePointers { targets in
      run(
        ControlRows(dynamics: dynamics, count: count, states: states, actions: actions, output: .expansions(targets)))
    }
  }

  private func run(_ work: ControlRows<Task>) {
    withUnsafePointer(to: work) { work in
      WorkerPool.run(
        shards: (work.pointee.count + ControlShards<Task>.rows - 1) / ControlShards<Task>.rows,
        ControlShards(work: work))
    }
  }
}

/// Rows in shards of eight, whatever the number of threads.
private struct ControlShards<Task: ControlTask>: ShardedWork {
  static var rows: Int { 8 }
  let work: UnsafePointer<ControlRows<Task>>

  func run(shard: Int, worker: Int) {
    for row in shard * Self.rows..<min((shard + 1) * Self.rows, work.pointee.count) { work.pointee.run(row) }
  }
}
