import Interfaces
import Kernels

/// Steps, linearizes and scores a task's states in double precision. Rows are shared among the threads in shards of
/// eight.
public struct TaskSimulation<Task: DifferentiableTask>: CostSimulation {
  private let dynamics: TaskDynamics<Task>

  init(_ dynamics: TaskDynamics<Task>) { self.dynamics = dynamics }

  public var stateSize: Int { dynamics.stateSize }
  public var tangentSize: Int { dynamics.stateSize }
  public var actionSize: Int { dynamics.actionSize }

  /// The task's own reading of an observation, which shows the whole state; angles come back in [-π, π].
  public mutating func setState(
    _ state: UnsafeMutablePointer<Double>, fromObservation observation: UnsafePointer<Float>
  ) {
    let shown = dynamics.task.state(fromObservation: observation)
    for index in 0..<stateSize { state[index] = Double(shown[index]) }
  }

  public mutating func observe(_ state: UnsafePointer<Double>, into observation: UnsafeMutablePointer<Double>) {
    var vector = ScalarVector<Double>()
    for index in 0..<stateSize { vector[index] = state[index] }
    dynamics.task.observe(vector, into: observation)
  }

  public mutating func step(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, next: UnsafeMutablePointer<Double>
  ) {
    run(RowWork(dynamics: dynamics, count: count, states: states, actions: actions, output: .successors(next)))
  }

  public mutating func linearize(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>,
    stateJacobians: UnsafeMutablePointer<Double>, actionJacobians: UnsafeMutablePointer<Double>
  ) {
    run(
      RowWork(
        dynamics: dynamics, count: count, states: states, actions: actions,
        output: .jacobians(state: stateJacobians, action: actionJacobians)))
  }

  public mutating func evaluateCosts(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, costs: UnsafeMutablePointer<Double>
  ) {
    run(RowWork(dynamics: dynamics, count: count, states: states, actions: actions, output: .costs(costs)))
  }

  public mutating func quadratize(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, into costs: inout QuadraticCosts
  ) {
    precondition(count <= costs.count, "\(count) steps in an expansion for \(costs.count)")
    precondition(costs.tangentSize == tangentSize && costs.actionSize == actionSize, "an expansion of other costs")
    costs.withUnsafePointers { targets in
      run(RowWork(dynamics: dynamics, count: count, states: states, actions: actions, output: .expansions(targets)))
    }
  }

  public mutating func addCurvature(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, multipliers: UnsafePointer<Double>,
    into costs: inout QuadraticCosts
  ) -> Bool {
    precondition(count <= costs.count, "\(count) steps in an expansion for \(costs.count)")
    precondition(costs.tangentSize == tangentSize && costs.actionSize == actionSize, "an expansion of other costs")
    costs.withUnsafePointers { targets in
      run(
        RowWork(
          dynamics: dynamics, count: count, states: states, actions: actions,
          output: .curvature(multipliers: multipliers, targets)))
    }
    return true
  }

  private func run(_ work: RowWork<Task>) {
    withUnsafePointer(to: work) { work in
      WorkerPool.run(
        shards: (work.pointee.count + RowShards<Task>.rows - 1) / RowShards<Task>.rows, RowShards(work: work))
    }
  }
}

/// What is wanted of every row, and where it goes.
private enum RowOutput {
  case successors(UnsafeMutablePointer<Double>)
  case jacobians(state: UnsafeMutablePointer<Double>, action: UnsafeMutablePointer<Double>)
  case costs(UnsafeMutablePointer<Double>)
  case expansions(QuadraticCosts.Pointers)
  case curvature(multipliers: UnsafePointer<Double>, QuadraticCosts.Pointers)
}

/// One call's rows.
private struct RowWork<Task: DifferentiableTask> {
  let dynamics: TaskDynamics<Task>
  let count: Int
  let states: UnsafePointer<Double>
  let actions: UnsafePointer<Double>
  let output: RowOutput

  func run(_ row: Int) {
    let (n, m) = (dynamics.stateSize, dynamics.actionSize)
    switch output {
    case .successors(let next):
      let successor = transition(row) { value, _ in value }.next
      for i in 0..<n { next[row * n + i] = successor[i] }
    case .jacobians(let stateJacobians, let actionJacobians):
      let successor = transition(row) { Dual($0, direction: $1) }.next
      for i in 0..<n {
        let slopes = successor[i].slopes
        for j in 0..<n { stateJacobians[(row * n + i) * n + j] = slopes[j] }
        for j in 0..<m { actionJacobians[(row * n + i) * m + j] = slopes[n + j] }
      }
    case .costs(let costs):
      costs[row] = -transition(row) { value, _ in value }.reward
    case .expansions(let targets):
      let reward = transition(row) { SecondOrderDual($0, direction: $1) }.reward
      targets.values[row] = -reward.value
      for i in 0..<n {
        targets.stateGradients[row * n + i] = -reward.gradient[i]
        for j in 0..<n { targets.stateHessians[(row * n + i) * n + j] = -reward.hessian[i][j] }
      }
      for i in 0..<m {
        targets.actionGradients[row * m + i] = -reward.gradient[n + i]
        for j in 0..<n { targets.crossHessians[(row * m + i) * n + j] = -reward.hessian[n + i][j] }
        for j in 0..<m { targets.actionHessians[(row * m + i) * m + j] = -reward.hessian[n + i][n + j] }
      }
    case .curvature(let multipliers, let targets):
      let successor = transition(row) { SecondOrderDual($0, direction: $1) }.next
      var weighted = SecondOrderDual(0)
      for i in 0..<n { weighted = weighted + multipliers[row * n + i] * successor[i] }
      for i in 0..<n {
        for j in 0..<n { targets.stateHessians[(row * n + i) * n + j] += weighted.hessian[i][j] }
      }
      for i in 0..<m {
        for j in 0..<n { targets.crossHessians[(row * m + i) * n + j] += weighted.hessian[n + i][j] }
        for j in 0..<m { targets.actionHessians[(row * m + i) * m + j] += weighted.hessian[n + i][n + j] }
      }
    }
  }

  /// The row's step over the scalars that `variable` makes of a value and its direction: the state's components first,
  /// then the action's, clipped to the bounds.
  @inline(__always)
  private func transition<Scalar: DynamicsScalar>(
    _ row: Int, variable: (Double, Int) -> Scalar
  ) -> (next: ScalarVector<Scalar>, reward: Scalar) {
    let (n, m) = (dynamics.stateSize, dynamics.actionSize)
    var (state, action) = (ScalarVector<Scalar>(), ScalarVector<Scalar>())
    for i in 0..<n { state[i] = variable(states[row * n + i], i) }
    for i in 0..<m {
      let clipped = clip(actions[row * m + i], dynamics.actionBounds.low[i], dynamics.actionBounds.high[i])
      action[i] = variable(clipped, n + i)
    }
    return dynamics.task.transition(from: state, under: action)
  }
}

/// Rows in shards of eight, whatever the number of threads.
private struct RowShards<Task: DifferentiableTask>: ShardedWork {
  static var rows: Int { 8 }
  let work: UnsafePointer<RowWork<Task>>

  func run(shard: Int, worker: Int) {
    for row in shard * Self.rows..<min((shard + 1) * Self.rows, work.pointee.count) { work.pointee.run(row) }
  }
}
