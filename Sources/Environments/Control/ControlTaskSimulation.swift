import ControlTasks
import Interfaces

/// Steps, linearizes and scores a task's states.
public struct ControlTaskSimulation<Task: ControlTask>: RowwiseSimulation {
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

  func run(_ row: Int, of rows: Rows) {
    let (n, m) = (dynamics.stateSize, dynamics.actionSize)
    switch rows.output {
    case .successors(let next):
      let successor = successor(row, rows)
      for index in 0..<n { next[row * n + index] = successor[index] }
    case .jacobians(let stateJacobians, let actionJacobians):
      linearize(row, rows, stateJacobians + row * n * n, actionJacobians + row * n * m)
    case .costs(let costs):
      var (next, action) = (successor(row, rows), clippedAction(row, rows))
      costs[row] = withUnsafePointer(to: &next) { next in
        withUnsafePointer(to: &action) { action in
          cost.stateCost(doubles(next), step: 0, horizon: 0) + cost.actionCost(doubles(action))
        }
      }
    case .expansions(let targets): expand(row, rows, into: targets)
    case .curvature: preconditionFailure("the curvature of steps is not known here")
    }
  }

  private var cost: CostSum { dynamics.task.cost }

  private func doubles(_ vector: UnsafePointer<SIMD8<Double>>) -> UnsafePointer<Double> {
    UnsafeRawPointer(vector).assumingMemoryBound(to: Double.self)
  }

  private func clippedAction(_ row: Int, _ rows: Rows) -> SIMD8<Double> {
    var action = SIMD8<Double>.zero
    let bounds = dynamics.actionBounds
    for index in 0..<dynamics.actionSize {
      action[index] = clip(rows.actions[row * dynamics.actionSize + index], bounds.low[index], bounds.high[index])
    }
    return action
  }

  private func state(_ row: Int, _ rows: Rows) -> SIMD8<Double> {
    var state = SIMD8<Double>.zero
    for index in 0..<dynamics.stateSize { state[index] = rows.states[row * dynamics.stateSize + index] }
    return state
  }

  private func successor(_ row: Int, _ rows: Rows) -> SIMD8<Double> {
    dynamics.task.transition(from: state(row, rows), under: clippedAction(row, rows))
  }

  /// A [n, n] and B [n, m] of one row, in two passes: by the state, then by the action.
  private func linearize(_ row: Int, _ rows: Rows, _ a: UnsafeMutablePointer<Double>, _ b: UnsafeMutablePointer<Double>)
  {
    let (n, m, state, action) = (dynamics.stateSize, dynamics.actionSize, state(row, rows), clippedAction(row, rows))
    for isByState in [true, false] {
      var (x, u) = (LongScalarVector<Dual>(), LongScalarVector<Dual>())
      for index in 0..<n { x[index] = isByState ? Dual(state[index], direction: index) : Dual(state[index]) }
      for index in 0..<m { u[index] = isByState ? Dual(action[index]) : Dual(action[index], direction: index) }
      let next = dynamics.task.transition(from: x, under: u)
      for i in 0..<n {
        for j in 0..<(isByState ? n : m) {
          if isByState { a[i * n + j] = next[i].slopes[j] } else { b[i * m + j] = next[i].slopes[j] }
        }
      }
    }
  }

  /// l(f(x, u)) + l(u): with g and H of l at the next state, q = Aᵀg, r = Bᵀg + l_u, Q = AᵀHA, P = BᵀHA, R = BᵀHB + l_uu.
  private func expand(_ row: Int, _ rows: Rows, into targets: QuadraticCosts.Pointers) {
    let (n, m, action) = (dynamics.stateSize, dynamics.actionSize, clippedAction(row, rows))
    var next = successor(row, rows)
    var (jacobian, hessian) = (InlineArray<128, Double>(repeating: 0), InlineArray<64, Double>(repeating: 0))
    var (gradient, product) = (InlineArray<8, Double>(repeating: 0), InlineArray<128, Double>(repeating: 0))
    withUnsafeMutablePointer(to: &jacobian) { pointer in
      // A in the first n² places, B after it
      let base = UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: Double.self)
      linearize(row, rows, base, base + n * n)
    }
    var value = withUnsafeMutablePointer(to: &hessian) { hessian in
      withUnsafeMutablePointer(to: &gradient) { gradient in
        withUnsafePointer(to: &next) { next in
          cost.expandState(
            doubles(next), step: 0, horizon: 0,
            gradient: UnsafeMutableRawPointer(gradient).assumingMemoryBound(to: Double.self),
            hessian: UnsafeMutableRawPointer(hessian).assumingMemoryBound(to: Double.self))
        }
      }
    }
    func slope(_ i: Int, _ j: Int) -> Double { j < n ? jacobian[i * n + j] : jacobian[n * n + i * m + j - n] }
    let size = n + m
    for i in 0..<n {
      for j in 0..<size {
        var sum = 0.0
        for k in 0..<n { sum += hessian[i * n + k] * slope(k, j) }
        product[i * size + j] = sum
      }
    }
    for i in 0..<size {
      var first = 0.0
      for k in 0..<n { first += slope(k, i) * gradient[k] }
      if i < n {
        targets.stateGradients[row * n + i] = first
      } else {
        let weight = cost.actionWeights[i - n]
        value += weight * action[i - n] * action[i - n]
        targets.actionGradients[row * m + i - n] = first + 2 * weight * action[i - n]
      }
      for j in 0..<size {
        var second = 0.0
        for k in 0..<n { second += slope(k, i) * product[k * size + j] }
        switch (i < n, j < n) {
        case (true, true): targets.stateHessians[(row * n + i) * n + j] = second
        case (false, true): targets.crossHessians[(row * m + i - n) * n + j] = second
        case (false, false):
          targets.actionHessians[(row * m + i - n) * m + j - n] = second + (i == j ? 2 * cost.actionWeights[i - n] : 0)
        case (true, false): break
        }
      }
    }
    targets.values[row] = value
  }
}
