import Interfaces
import Kernels

/// Steps, linearizes and scores a task's states in double precision.
public struct TaskSimulation<Task: DifferentiableTask>: RowwiseSimulation {
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

  public mutating func addCurvature(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, multipliers: UnsafePointer<Double>,
    into costs: inout QuadraticCosts
  ) -> Bool {
    withPointers(to: &costs, count: count) {
      run(
        Rows(
          count: count, states: states, actions: actions, output: .curvature(multipliers: multipliers, $0)))
    }
    return true
  }

  func run(_ row: Int, of rows: Rows) {
    let (n, m) = (dynamics.stateSize, dynamics.actionSize)
    switch rows.output {
    case .successors(let next):
      let successor = transition(row, of: rows) { value, _ in value }.next
      for i in 0..<n { next[row * n + i] = successor[i] }
    case .jacobians(let stateJacobians, let actionJacobians):
      let successor = transition(row, of: rows) { Dual($0, direction: $1) }.next
      for i in 0..<n {
        let slopes = successor[i].slopes
        for j in 0..<n { stateJacobians[(row * n + i) * n + j] = slopes[j] }
        for j in 0..<m { actionJacobians[(row * n + i) * m + j] = slopes[n + j] }
      }
    case .costs(let costs):
      costs[row] = -transition(row, of: rows) { value, _ in value }.reward
    case .expansions(let targets):
      let reward = transition(row, of: rows) { SecondOrderDual($0, direction: $1) }.reward
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
      let successor = transition(row, of: rows) { SecondOrderDual($0, direction: $1) }.next
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
    _ row: Int, of rows: Rows, variable: (Double, Int) -> Scalar
  ) -> (next: ScalarVector<Scalar>, reward: Scalar) {
    let (n, m) = (dynamics.stateSize, dynamics.actionSize)
    var (state, action) = (ScalarVector<Scalar>(), ScalarVector<Scalar>())
    for i in 0..<n { state[i] = variable(rows.states[row * n + i], i) }
    for i in 0..<m {
      let clipped = clip(rows.actions[row * m + i], dynamics.actionBounds.low[i], dynamics.actionBounds.high[i])
      action[i] = variable(clipped, n + i)
    }
    return dynamics.task.transition(from: state, under: action)
  }
}
