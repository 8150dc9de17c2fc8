import Archive
import Configuration
import Foundation
import Interfaces
import Kernels

/// Settings of `Pendulum`.
public struct PendulumSettings: Configuration {
  /// Steps after which an episode is cut off.
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 200
  /// Gravitational acceleration, in m/s².
  @Setting("Gravitational acceleration, in m/s²", in: 0...100) public var gravity: Double = 10

  /// The published task.
  public init() {}
}

/// Swing up a pendulum with a torque too weak to lift it, and hold it there: Gymnasium's `Pendulum-v1`.
///
/// State (angle θ in rad, 0 upright; angular velocity ω in rad/s, limited to ±8); action: the torque in N m, limited to
/// ±2; observation (cos θ, sin θ, ω). With m = 1 kg, l = 1 m, Δt = 0.05 s:
/// ω' = clip(ω + (3g/2l sin θ + 3/ml² u) Δt), θ' = θ + ω' Δt, and the reward is -(θ² + 0.1 ω² + 0.001 u²) of the state
/// before the step, θ taken in [-π, π). Starts: θ uniform in ±π, ω in ±1. Never terminates.
public struct Pendulum: DifferentiableTask {
  /// The name users type.
  public static let name = "Pendulum-v1"
  /// What the task asks for.
  public static let summary = "swing up and hold a pendulum with a weak torque (continuous, 200 steps)"

  static let maximalTorque: Float = 2
  static let maximalSpeed = 8.0
  static let timeStep = 0.05

  /// Shapes, bounds and step limit.
  public let spec: EnvironmentSpec
  /// The episode under way.
  public var episode = Episode<SIMD2<Double>>()
  private let gravity: Double

  /// A task that has not been reset yet.
  public init(_ settings: PendulumSettings) {
    gravity = settings.gravity
    spec = EnvironmentSpec(
      observationSize: 3, action: .box(low: [-Self.maximalTorque], high: [Self.maximalTorque]),
      timeStep: Float(Self.timeStep), stepLimit: settings.stepLimit,
      rewardRange: -Float(Double.pi * Double.pi + 0.1 * Self.maximalSpeed * Self.maximalSpeed + 0.001 * 4)...0)
  }

  /// Reward and termination on observations.
  public var objective: PendulumObjective { PendulumObjective() }

  /// Draws a start state.
  public func startState(using random: inout RandomStream) -> SIMD2<Double> {
    let angle = Double.pi * (2 * Double(random.uniform()) - 1)
    return SIMD2(angle, 2 * Double(random.uniform()) - 1)
  }

  /// The state one step after `state`.
  public func successor(of state: SIMD2<Double>, under action: UnsafePointer<Float>) -> SIMD2<Double> {
    let torque = clip(action[0], -Self.maximalTorque, Self.maximalTorque)
    let next = successor(angle: state[0], speed: state[1], tripleTorque: Double(3 * torque))
    return SIMD2(next.angle, next.speed)
  }

  @inline(__always)
  private func successor<Scalar: DynamicsScalar>(
    angle: Scalar, speed: Scalar, tripleTorque: Scalar
  ) -> (angle: Scalar, speed: Scalar) {
    let acceleration = (3 * gravity / 2) * angle.sine + tripleTorque
    let speed = (speed + Self.timeStep * acceleration).clipped(-Self.maximalSpeed, Self.maximalSpeed)
    return (angle + Self.timeStep * speed, speed)
  }

  /// Reward and termination of the step from `state` to `next`.
  public func score(
    _ state: SIMD2<Double>, _ action: UnsafePointer<Float>, next: SIMD2<Double>
  ) -> (reward: Float, terminated: Bool) {
    let torque = Double(clip(action[0], -Self.maximalTorque, Self.maximalTorque))
    let angle = state[0].remainder(dividingBy: 2 * Double.pi)
    return (-Float(Self.cost(angle: angle, speed: state[1], torque: torque)), false)
  }

  /// Of an angle in [-π, π].
  @inline(__always)
  static func cost<Scalar: DynamicsScalar>(angle: Scalar, speed: Scalar, torque: Scalar) -> Scalar {
    angle * angle + 0.1 * speed * speed + 0.001 * torque * torque
  }

  @_specialize(where Scalar == Double)
  @_specialize(where Scalar == Dual)
  @_specialize(where Scalar == SecondOrderDual)
  public func transition<Scalar: DynamicsScalar>(
    from state: ScalarVector<Scalar>, under action: ScalarVector<Scalar>
  ) -> (next: ScalarVector<Scalar>, reward: Scalar) {
    let next = successor(angle: state[0], speed: state[1], tripleTorque: 3 * action[0])
    let angle = state[0].remainder(dividingBy: 2 * Double.pi)
    return (ScalarVector(next.angle, next.speed), -Self.cost(angle: angle, speed: state[1], torque: action[0]))
  }

  /// Writes the observation of `state`.
  public func observe(_ state: SIMD2<Double>, into observation: UnsafeMutablePointer<Float>) {
    observation[0] = Float(cos(state[0]))
    observation[1] = Float(sin(state[0]))
    observation[2] = Float(state[1])
  }

  @_specialize(where Scalar == Double)
  @_specialize(where Scalar == Dual)
  public func observe<Scalar: DynamicsScalar>(
    _ state: ScalarVector<Scalar>, into observation: UnsafeMutablePointer<Scalar>
  ) {
    observation[0] = state[0].cosine
    observation[1] = state[0].sine
    observation[2] = state[1]
  }

  /// The state that `observation` shows.
  public func state(fromObservation observation: UnsafePointer<Float>) -> SIMD2<Double> {
    SIMD2(atan2(Double(observation[1]), Double(observation[0])), Double(observation[2]))
  }
}

/// The reward of `Pendulum` on observations.
public struct PendulumObjective: RewardFormula {
  public static var observationSize: Int { 3 }
  public static var actionSize: Int { 1 }
  public static var actionBound: Double { Double(Pendulum.maximalTorque) }
  public static var isOfNext: Bool { false }

  public func reward<Number: ObservationScalar>(
    _ observation: LongScalarVector<Number>, _ action: ScalarVector<Number>
  ) -> Number {
    let angle = Number.angleMagnitude(cosine: observation[0], sine: observation[1])
    return -Pendulum.cost(angle: angle, speed: observation[2], torque: action[0])
  }
}

extension Pendulum {
  public var observationNames: [String] {
    ["cosine of the angle", "sine of the angle", "angular velocity"]
  }
}
