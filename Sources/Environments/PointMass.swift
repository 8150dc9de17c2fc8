import Archive
import Configuration
import Interfaces
import Kernels

/// Settings of `PointMass`.
public struct PointMassSettings: Configuration {
  /// Steps after which an episode is cut off.
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 50
  /// Cost of a squared unit of action.
  @Setting("Cost of a squared unit of force, the diagonal of R", in: 0.001...1000) public var actionCost: Double = 0.1

  /// The task whose figures the documentation gives.
  public init() {}
}

/// Bring a mass in the plane to rest at the origin: linear dynamics and a quadratic cost, so the optimum is known.
///
/// State and observation (p_x, p_y, v_x, v_y) in m and m/s; action: the force on 1 kg in N, each component limited to
/// ±10. A step holds the force for Δt = 0.1 s, which x' = A x + B u integrates exactly: p' = p + Δt v + Δt²/2 u, v' = v
/// + Δt u. The reward is -(xᵀQ x + uᵀR u) of the state before the step, Q = diag(1, 1, 0.1,
/// 0.1), R = 0.1 I. Starts: each component uniform in ±1. Never terminates. From there the optimal force stays below 6
/// N, so that `optimum` is the optimum of the bounded task too; so it is for any `action_cost` of at least 0.02.
public struct PointMass: DifferentiableTask {
  /// The name users type.
  public static let name = "point-mass"
  /// What the task asks for.
  public static let summary = "bring a mass in the plane to rest, with a known optimum (continuous, 50 steps)"

  static let timeStep = 0.1
  static let maximalForce: Float = 10
  static let positionCost = 1.0
  static let velocityCost = 0.1

  /// Shapes, bounds and step limit.
  public let spec: EnvironmentSpec
  /// Reward and termination on observations.
  public let objective: PointMassObjective
  /// The episode under way.
  public var episode = Episode<SIMD4<Double>>()
  let actionCost: Double

  /// A task that has not been reset yet.
  public init(_ settings: PointMassSettings) {
    actionCost = settings.actionCost
    objective = PointMassObjective(actionCost: settings.actionCost)
    spec = EnvironmentSpec(
      observationSize: 4,
      action: .box(low: [-Self.maximalForce, -Self.maximalForce], high: [Self.maximalForce, Self.maximalForce]),
      timeStep: Float(Self.timeStep), stepLimit: settings.stepLimit, rewardRange: -.infinity...0)
  }

  /// Draws a start state.
  public func startState(using random: inout RandomStream) -> SIMD4<Double> {
    var state = SIMD4<Double>()
    for index in state.indices { state[index] = 2 * Double(random.uniform()) - 1 }
    return state
  }

  /// The state one step after `state`.
  public func successor(of state: SIMD4<Double>, under action: UnsafePointer<Float>) -> SIMD4<Double> {
    let force = clipped(action)
    let (x, y) = (
      Self.successor(position: state[0], velocity: state[2], force: force[0]),
      Self.successor(position: state[1], velocity: state[3], force: force[1])
    )
    return SIMD4(x.position, y.position, x.velocity, y.velocity)
  }

  /// Along one axis.
  @inline(__always)
  static func successor<Scalar: DynamicsScalar>(
    position: Scalar, velocity: Scalar, force: Scalar
  ) -> (position: Scalar, velocity: Scalar) {
    let step = timeStep
    return (position + step * velocity + (step * step / 2) * force, velocity + step * force)
  }

  /// Reward and termination of the step from `state` to `next`.
  public func score(
    _ state: SIMD4<Double>, _ action: UnsafePointer<Float>, next: SIMD4<Double>
  ) -> (reward: Float, terminated: Bool) {
    let force = clipped(action)
    let cost = Self.cost(
      position: (state[0], state[1]), velocity: (state[2], state[3]), force: (force[0], force[1]), actionCost)
    return (-Float(cost), false)
  }

  /// xᵀQ x + uᵀR u.
  @inline(__always)
  static func cost<Scalar: DynamicsScalar>(
    position: (Scalar, Scalar), velocity: (Scalar, Scalar), force: (Scalar, Scalar), _ actionCost: Double
  ) -> Scalar {
    positionCost * (position.0.squared + position.1.squared)
      + velocityCost * (velocity.0.squared + velocity.1.squared)
      + actionCost * (force.0.squared + force.1.squared)
  }

  @_specialize(where Scalar == Double)
  @_specialize(where Scalar == Dual)
  @_specialize(where Scalar == SecondOrderDual)
  public func transition<Scalar: DynamicsScalar>(
    from state: ScalarVector<Scalar>, under action: ScalarVector<Scalar>
  ) -> (next: ScalarVector<Scalar>, reward: Scalar) {
    var next = ScalarVector<Scalar>()
    for axis in 0..<2 {
      (next[axis], next[axis + 2]) = Self.successor(
        position: state[axis], velocity: state[axis + 2], force: action[axis])
    }
    let cost = Self.cost(
      position: (state[0], state[1]), velocity: (state[2], state[3]), force: (action[0], action[1]), actionCost)
    return (next, -cost)
  }

  /// Writes the observation of `state`.
  public func observe(_ state: SIMD4<Double>, into observation: UnsafeMutablePointer<Float>) {
    for index in 0..<4 { observation[index] = Float(state[index]) }
  }

  @_specialize(where Scalar == Double)
  @_specialize(where Scalar == Dual)
  public func observe<Scalar: DynamicsScalar>(
    _ state: ScalarVector<Scalar>, into observation: UnsafeMutablePointer<Scalar>
  ) {
    for index in 0..<4 { observation[index] = state[index] }
  }

  /// The state that `observation` shows.
  public func state(fromObservation observation: UnsafePointer<Float>) -> SIMD4<Double> {
    SIMD4(Double(observation[0]), Double(observation[1]), Double(observation[2]), Double(observation[3]))
  }

  @inline(__always)
  private func clipped(_ action: UnsafePointer<Float>) -> SIMD2<Double> {
    SIMD2(
      Double(clip(action[0], -Self.maximalForce, Self.maximalForce)),
      Double(clip(action[1], -Self.maximalForce, Self.maximalForce)))
  }
}

/// The reward of `PointMass` on observations.
public struct PointMassObjective: RewardFormula {
  public static var observationSize: Int { 4 }
  public static var actionSize: Int { 2 }
  public static var actionBound: Double { Double(PointMass.maximalForce) }
  public static var isOfNext: Bool { false }

  let actionCost: Double

  public func reward<Number: ObservationScalar>(
    _ observation: LongScalarVector<Number>, _ action: ScalarVector<Number>
  ) -> Number {
    -PointMass.cost(
      position: (observation[0], observation[1]), velocity: (observation[2], observation[3]),
      force: (action[0], action[1]), actionCost)
  }
}

extension PointMass {
  public var observationNames: [String] {
    ["x position", "y position", "x velocity", "y velocity"]
  }
}
