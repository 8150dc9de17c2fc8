import ControlTasks
import Interfaces

/// What is wanted of every row of a call, and where it goes.
enum ControlOutput {
  case successors(UnsafeMutablePointer<Double>)
  case jacobians(state: UnsafeMutablePointer<Double>, action: UnsafeMutablePointer<Double>)
  case costs(UnsafeMutablePointer<Double>)
  case expansions(QuadraticCosts.Pointers)
}

/// One call's rows of a `ControlTask`.
struct ControlRows<Task: ControlTask> {
  let dynamics: ControlTaskDynamics<Task>
  let count: Int
  let states: UnsafePointer<Double>
  let actions: UnsafePointer<Double>
  let output: ControlOutput

  func run(_ row: Int) {
    let (n, m) = (dynamics.stateSize, dynamics.actionSize)
    switch output {
    case .successors(let next):
      let successor = successor(row)
      for index in 0..<n { next[row * n + index] = successor[index] }
    case .jacobians(let stateJacobians, let actionJacobians):
      linearize(row, stateJacobians + row * n * n, actionJacobians + row * n * m)
    case .costs(let costs):
      var (next, action) = (successor(row), clippedAction(row))
      costs[row] = withUnsafePointer(to: &next) { next in
        withUnsafePointer(to: &action) { action in
          cost.stateCost(doubles(next), step: 0, horizon: 0) + cost.actionCost(doubles(action))
        }
      }
    case .expansions(let targets): expand(row, into: targets)
    }
  }

  private var cost: CostSum { dynamics.task.cost }

  private func doubles(_ vector: UnsafePointer<SIMD8<Double>>) -> UnsafePointer<Double> {
    UnsafeRawPointer(vector).assumingMemoryBound(to: Double.self)
  }

  private func clippedAction(_ row: Int) -> SIMD8<Double> {
    var action = SIMD8<Double>.zero
    let bounds = dynamics.actionBounds
    for index in 0..<dynamics.actionSize {
      action[index] = clip(actions[row * dynamics.actionSize + index], bounds.low[index], bounds.high[index])
    }
    return action
  }

  private func state(_ row: Int) -> SIMD8<Double> {
    var state = SIMD8<Double>.zero
    for index in 0..<dynamics.stateSize { state[index] = states[row * dynamics.stateSize + index] }
    return state
  }

  private func successor(_ row: Int) -> SIMD8<Double> {
    dynamics.task.transition(from: state(row), under: clippedAction(row))
  }

  /// A [n, n] and B [n, m] of one row, in two passes: by the state, then by the action.
  private func linearize(_ row: Int, _ a: UnsafeMutablePointer<Double>, _ b: UnsafeMutablePointer<Double>) {
    let (n, m, state, action) = (dynamics.stateSize, dynamics.actionSize, state(row), clippedAction(row))
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
  private func expand(_ row: Int, into targets: QuadraticCosts.Pointers) {
    let (n, m, action) = (dynamics.stateSize, dynamics.actionSize, clippedAction(row))
    var next = successor(row)
    var (jacobian, hessian) = (InlineArray<128, Double>(repeating: 0), InlineArray<64, Double>(repeating: 0))
    var (gradient, product) = (InlineArray<8, Double>(repeating: 0), InlineArray<128, Double>(repeating: 0))
    withUnsafeMutablePointer(to: &jacobian) { pointer in
      // A in the first n² places, B after it
      let base = UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: Double.self)
      linearize(row, base, base + n * n)
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
