import Kernels

/// Deterministic dynamics x' = f(x, u) of a physical state, with derivatives: what iLQR and shooting methods plan in.
///
/// States are the physics' own numbers in double precision, not observations. Where they live on a manifold (a rotation
/// stored as a quaternion), a small change of state has fewer numbers than the state itself: derivatives are taken with
/// respect to such changes, which `difference` measures. Elsewhere both sizes agree and `difference` is a subtraction.
public protocol DifferentiableDynamics: Sendable {
  /// Mutable companion that owns all scratch.
  associatedtype Simulation: DifferentiableSimulation

  /// Doubles per state, n.
  var stateSize: Int { get }
  /// Doubles per change of state, k <= n.
  var tangentSize: Int { get }
  /// Doubles per action, m.
  var actionSize: Int { get }
  /// Doubles per observation, D.
  var observationSize: Int { get }
  /// Bounds of the actions, [m] each.
  var actionBounds: (low: [Double], high: [Double]) { get }

  /// A simulation with scratch for all threads. Allocates; everything after it does not.
  func makeSimulation() -> Simulation

  /// Writes to `change` [k] the change that leads from state `origin` [n] to state `target` [n].
  func difference(
    from origin: UnsafePointer<Double>, to target: UnsafePointer<Double>, into change: UnsafeMutablePointer<Double>)
}

extension DifferentiableDynamics {
  /// States of a vector space change by as many numbers as they have.
  public var tangentSize: Int { stateSize }

  /// `target - origin`.
  public func difference(
    from origin: UnsafePointer<Double>, to target: UnsafePointer<Double>, into change: UnsafeMutablePointer<Double>
  ) {
    precondition(tangentSize == stateSize, "changes of \(tangentSize) numbers need a difference of their own")
    for index in 0..<stateSize { change[index] = target[index] - origin[index] }
  }
}

/// Steps and linearizes. One owner, one caller at a time; the rows of a call may be shared among the threads of
/// `WorkerPool`, on whose number results do not depend. Actions outside the bounds are clipped first; at a bound,
/// derivatives with respect to the action are one-sided, taken from within. Dynamics that diverge give numbers that are
/// not finite. Nothing here allocates after the first call.
public protocol DifferentiableSimulation {
  /// Doubles per state, n.
  var stateSize: Int { get }
  /// Doubles per change of state, k.
  var tangentSize: Int { get }
  /// Doubles per action, m.
  var actionSize: Int { get }

  /// Writes to `state` [n] the state that `observation` [D] shows. What observations leave out is set as the conforming
  /// type documents.
  mutating func setState(_ state: UnsafeMutablePointer<Double>, fromObservation observation: UnsafePointer<Float>)

  /// Writes the observation [D] of `state` [n], before it is rounded to single precision.
  mutating func observe(_ state: UnsafePointer<Double>, into observation: UnsafeMutablePointer<Double>)

  /// Writes to `next` [N, n] the successors of `states` [N, n] under `actions` [N, m], row by row. `next` may be `states`.
  mutating func step(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, next: UnsafeMutablePointer<Double>)

  /// Linearizes every row: with x' = f(x, u), `stateJacobians` [N, k, k] get A = ∂x'/∂x and `actionJacobians` [N, k, m] get
  /// B = ∂x'/∂u at `states` [N, n] and `actions` [N, m], both row-major.
  mutating func linearize(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>,
    stateJacobians: UnsafeMutablePointer<Double>, actionJacobians: UnsafeMutablePointer<Double>)
}

/// The linearization of T steps: δx_{t+1} = A_t δx_t + B_t δu_t. Preallocated and reused.
public struct LinearizedTrajectory: Sendable {
  /// Number of steps, T.
  public let count: Int
  /// Numbers in a change of state, k.
  public let tangentSize: Int
  /// Numbers in an action, m.
  public let actionSize: Int
  /// A_t = ∂x_{t+1}/∂x_t, [T, k, k] row-major.
  public var stateJacobians: [Double]
  /// B_t = ∂x_{t+1}/∂u_t, [T, k, m] row-major.
  public var actionJacobians: [Double]

  /// Zeros for `count` steps.
  public init(count: Int, tangentSize: Int, actionSize: Int) {
    precondition(count >= 0 && tangentSize > 0 && actionSize > 0, "empty linearization")
    self.count = count
    self.tangentSize = tangentSize
    self.actionSize = actionSize
    stateJacobians = Array(repeating: 0, count: count * tangentSize * tangentSize)
    actionJacobians = Array(repeating: 0, count: count * tangentSize * actionSize)
  }

  /// Zeros for `count` steps of `dynamics`.
  public init(count: Int, of dynamics: some DifferentiableDynamics) {
    self.init(count: count, tangentSize: dynamics.tangentSize, actionSize: dynamics.actionSize)
  }

  /// A_t, a copy.
  public func stateMatrix(_ t: Int) -> DoubleMatrix {
    let size = tangentSize * tangentSize
    return DoubleMatrix(
      rows: tangentSize, columns: tangentSize, Array(stateJacobians[t * size..<(t + 1) * size]))
  }

  /// B_t, a copy.
  public func actionMatrix(_ t: Int) -> DoubleMatrix {
    let size = tangentSize * actionSize
    return DoubleMatrix(rows: tangentSize, columns: actionSize, Array(actionJacobians[t * size..<(t + 1) * size]))
  }
}

extension DifferentiableSimulation {
  /// Linearizes the T steps of a trajectory: `states` [T, n] (the last state, T + 1, may follow and is ignored) and `actions`
  /// [T, m] give A_t and B_t. Does not allocate.
  public mutating func linearize(states: [Double], actions: [Double], into trajectory: inout LinearizedTrajectory) {
    let count = trajectory.count
    precondition(
      trajectory.tangentSize == tangentSize && trajectory.actionSize == actionSize,
      "a linearization of other dynamics")
    precondition(
      states.count == count * stateSize || states.count == (count + 1) * stateSize,
      "\(states.count) numbers are not \(count) states of \(stateSize)")
    precondition(
      actions.count == count * actionSize, "\(actions.count) numbers are not \(count) actions of \(actionSize)")
    states.withUnsafeBufferPointer { states in
      actions.withUnsafeBufferPointer { actions in
        trajectory.stateJacobians.withUnsafeMutableBufferPointer { a in
          trajectory.actionJacobians.withUnsafeMutableBufferPointer { b in
            guard let states = states.baseAddress, let actions = actions.baseAddress, let a = a.baseAddress,
              let b = b.baseAddress
            else { return }
            linearize(count: count, states: states, actions: actions, stateJacobians: a, actionJacobians: b)
          }
        }
      }
    }
  }

  /// Writes the successor of `state` [n] under `action` [m] to `next` [n]. Does not allocate.
  public mutating func step(_ state: [Double], _ action: [Double], next: inout [Double]) {
    precondition(
      state.count == stateSize && next.count == stateSize && action.count == actionSize,
      "a state has \(stateSize) numbers and an action \(actionSize)")
    state.withUnsafeBufferPointer { state in
      action.withUnsafeBufferPointer { action in
        next.withUnsafeMutableBufferPointer { next in
          guard let state = state.baseAddress, let action = action.baseAddress, let next = next.baseAddress else {
            return
          }
          step(count: 1, states: state, actions: action, next: next)
        }
      }
    }
  }
}
