import Kernels

/// A simulation that also knows what its steps cost, to second order: with the linearized dynamics, all that iLQR
/// needs.
///
/// The cost l(x, u) of a step is minus its reward, as a function of the state it leaves and of the action; where the
/// reward looks at the state x' it leads to, that is f(x, u), and the derivatives go through f. Terminations play no
/// part. The rules of `DifferentiableSimulation` about rows, threads, bounds and allocations hold here too.
public protocol CostSimulation: DifferentiableSimulation {
  /// Writes to `costs` [N] the costs of the steps from `states` [N, n] under `actions` [N, m].
  mutating func evaluateCosts(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, costs: UnsafeMutablePointer<Double>)

  /// Expands the costs of the steps from `states` [N, n] under `actions` [N, m] to second order, into the first N of
  /// `costs`.
  mutating func quadratize(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, into costs: inout QuadraticCosts)

  /// Adds to the Hessians of the first N of `costs` those of λᵀf(x, u), the steps' curvature weighted by `multipliers`
  /// λ [N, k]: what Newton's method has beyond the Gauss-Newton approximation. False, with `costs` unchanged, where
  /// second derivatives of the dynamics are not known, as here by default.
  mutating func addCurvature(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, multipliers: UnsafePointer<Double>,
    into costs: inout QuadraticCosts
  ) -> Bool
}

extension CostSimulation {
  public mutating func addCurvature(
    count: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, multipliers: UnsafePointer<Double>,
    into costs: inout QuadraticCosts
  ) -> Bool { false }
}

/// Second-order expansions of the costs of T steps:
/// l(x_t + δx, u_t + δu) ≈ c_t + q_tᵀδx + r_tᵀδu + δxᵀQ_t δx / 2 + δuᵀP_t δx + δuᵀR_t δu / 2. Preallocated and reused.
public struct QuadraticCosts: Sendable {
  /// Number of steps, T.
  public let count: Int
  /// Numbers in a change of state, k.
  public let tangentSize: Int
  /// Numbers in an action, m.
  public let actionSize: Int
  /// c_t = l(x_t, u_t), [T].
  public var values: [Double]
  /// q_t = ∂l/∂x, [T, k].
  public var stateGradients: [Double]
  /// r_t = ∂l/∂u, [T, m].
  public var actionGradients: [Double]
  /// Q_t = ∂²l/∂x², [T, k, k], symmetric; it need not be positive semidefinite.
  public var stateHessians: [Double]
  /// P_t = ∂²l/∂u∂x, [T, m, k] row-major.
  public var crossHessians: [Double]
  /// R_t = ∂²l/∂u², [T, m, m], symmetric; it need not be positive definite.
  public var actionHessians: [Double]

  /// Zeros for `count` steps.
  public init(count: Int, tangentSize: Int, actionSize: Int) {
    precondition(count >= 0 && tangentSize > 0 && actionSize > 0, "empty expansion")
    self.count = count
    self.tangentSize = tangentSize
    self.actionSize = actionSize
    values = Array(repeating: 0, count: count)
    stateGradients = Array(repeating: 0, count: count * tangentSize)
    actionGradients = Array(repeating: 0, count: count * actionSize)
    stateHessians = Array(repeating: 0, count: count * tangentSize * tangentSize)
    crossHessians = Array(repeating: 0, count: count * actionSize * tangentSize)
    actionHessians = Array(repeating: 0, count: count * actionSize * actionSize)
  }

  /// Zeros for `count` steps of `dynamics`.
  public init(count: Int, of dynamics: some DifferentiableDynamics) {
    self.init(count: count, tangentSize: dynamics.tangentSize, actionSize: dynamics.actionSize)
  }
}

extension QuadraticCosts {
  /// The buffers' first elements, for threads that write disjoint rows.
  public struct Pointers {
    /// c_t, [T].
    public let values: UnsafeMutablePointer<Double>
    /// q_t, [T, k].
    public let stateGradients: UnsafeMutablePointer<Double>
    /// r_t, [T, m].
    public let actionGradients: UnsafeMutablePointer<Double>
    /// Q_t, [T, k, k].
    public let stateHessians: UnsafeMutablePointer<Double>
    /// P_t, [T, m, k] row-major.
    public let crossHessians: UnsafeMutablePointer<Double>
    /// R_t, [T, m, m].
    public let actionHessians: UnsafeMutablePointer<Double>
  }

  /// Hands `body` the buffers; nothing where there are no steps. Does not allocate.
  public mutating func withUnsafePointers(_ body: (Pointers) -> Void) {
    values.withUnsafeMutableBufferPointer { values in
      stateGradients.withUnsafeMutableBufferPointer { stateGradients in
        actionGradients.withUnsafeMutableBufferPointer { actionGradients in
          stateHessians.withUnsafeMutableBufferPointer { stateHessians in
            crossHessians.withUnsafeMutableBufferPointer { crossHessians in
              actionHessians.withUnsafeMutableBufferPointer { actionHessians in
                guard let values = values.baseAddress, let stateGradients = stateGradients.baseAddress,
                  let actionGradients = actionGradients.baseAddress, let stateHessians = stateHessians.baseAddress,
                  let crossHessians = crossHessians.baseAddress, let actionHessians = actionHessians.baseAddress
                else { return }
                body(
                  Pointers(
                    values: values, stateGradients: stateGradients, actionGradients: actionGradients,
                    stateHessians: stateHessians, crossHessians: crossHessians, actionHessians: actionHessians))
              }
            }
          }
        }
      }
    }
  }
}

extension CostSimulation {
  /// Expands the costs of a trajectory: `states` [T, n] (the last state, T + 1, may follow and is ignored) and
  /// `actions` [T, m]. Does not allocate.
  public mutating func quadratize(states: [Double], actions: [Double], into costs: inout QuadraticCosts) {
    let count = costs.count
    precondition(costs.tangentSize == tangentSize && costs.actionSize == actionSize, "an expansion of other costs")
    precondition(
      states.count == count * stateSize || states.count == (count + 1) * stateSize,
      "\(states.count) numbers are not \(count) states of \(stateSize)")
    precondition(
      actions.count == count * actionSize, "\(actions.count) numbers are not \(count) actions of \(actionSize)")
    states.withUnsafeBufferPointer { states in
      actions.withUnsafeBufferPointer { actions in
        guard let states = states.baseAddress, let actions = actions.baseAddress else { return }
        quadratize(count: count, states: states, actions: actions, into: &costs)
      }
    }
  }
}
