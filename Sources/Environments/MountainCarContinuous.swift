import Archive
import Configuration
import Foundation
import Interfaces
import Kernels

/// Settings of `MountainCarContinuous`.
public struct MountainCarContinuousSettings: Configuration {
  /// Steps after which an episode is cut off.
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 999
  /// Least velocity at the goal that counts as arrival.
  @Setting("Least velocity at the goal that counts as arrival", in: 0...0.07) public var goalVelocity: Float = 0

  /// The published task.
  public init() {}
}

/// Drive an underpowered car out of a valley with little fuel: Gymnasium's `MountainCarContinuous-v0`.
///
/// State and observation (position in [-1.2, 0.6], velocity in ±0.07 a step); action: the throttle in ±1:
/// v' = clip(v + 0.0015 u - 0.0025 cos 3x), x' = clip(x + v'), stopped dead at the left wall. Reward -0.1 u², and 100
/// more on arrival, which terminates: x >= 0.45 with at least the goal velocity. Starts: x uniform in [-0.6, -0.4], at
/// rest. Like Gymnasium's, the state is kept in single precision.
///
/// One difference: Gymnasium charges for the throttle as given, we for the throttle as clipped.
public struct MountainCarContinuous: DifferentiableTask {
  /// The name users type.
  public static let name = "MountainCarContinuous-v0"
  /// What the task asks for.
  public static let summary = "rock a weak car out of a valley on little fuel (continuous, 999 steps)"

  static let (leftWall, rightEnd) = (-1.2, 0.6)
  static let maximalSpeed = 0.07
  static let goalPosition: Float = 0.45
  static let power = 0.0015
  static let slope = 0.0025

  /// Shapes, bounds and step limit.
  public let spec: EnvironmentSpec
  /// Reward and termination on observations.
  public let objective: MountainCarContinuousObjective
  /// The episode under way.
  public var episode = Episode<SIMD2<Float>>()

  /// A task that has not been reset yet.
  public init(_ settings: MountainCarContinuousSettings) {
    objective = MountainCarContinuousObjective(goalVelocity: settings.goalVelocity)
    spec = EnvironmentSpec(
      observationSize: 2, action: .box(low: [-1], high: [1]), timeStep: 1, stepLimit: settings.stepLimit,
      rewardRange: -0.1...100)
  }

  /// Draws a start state.
  public func startState(using random: inout RandomStream) -> SIMD2<Float> { SIMD2(random.uniform(-0.6, -0.4), 0) }

  /// The state one step after `state`.
  public func successor(of state: SIMD2<Float>, under action: UnsafePointer<Float>) -> SIMD2<Float> {
    let next = successor(position: state[0], velocity: state[1], throttle: clip(action[0], -1, 1))
    return SIMD2(next.position, next.velocity)
  }

  @inline(__always)
  private func successor<Scalar: DynamicsScalar>(
    position: Scalar, velocity: Scalar, throttle: Scalar
  ) -> (position: Scalar, velocity: Scalar) {
    let slope = (3 * position).cosine(times: Self.slope)
    let velocity = (velocity + (Self.power * throttle - slope)).clipped(-Self.maximalSpeed, Self.maximalSpeed)
    let position = (position + velocity).clipped(Self.leftWall, Self.rightEnd)
    let isAtWall = position.value == Scalar(Self.leftWall).value && velocity.value < 0
    return (position, isAtWall ? Scalar(0) : velocity)
  }

  @_specialize(where Scalar == Double)
  @_specialize(where Scalar == Dual)
  @_specialize(where Scalar == SecondOrderDual)
  public func transition<Scalar: DynamicsScalar>(
    from state: ScalarVector<Scalar>, under action: ScalarVector<Scalar>
  ) -> (next: ScalarVector<Scalar>, reward: Scalar) {
    let next = successor(position: state[0], velocity: state[1], throttle: action[0])
    let arrived = objective.hasArrived(position: next.position.value, velocity: next.velocity.value)
    return (ScalarVector(next.position, next.velocity), objective.reward(throttle: action[0], arrived: arrived))
  }

  /// Reward and termination of the step from `state` to `next`.
  public func score(
    _ state: SIMD2<Float>, _ action: UnsafePointer<Float>, next: SIMD2<Float>
  ) -> (reward: Float, terminated: Bool) {
    objective.score(throttle: action[0], position: next[0], velocity: next[1])
  }

  /// Writes the observation of `state`.
  public func observe(_ state: SIMD2<Float>, into observation: UnsafeMutablePointer<Float>) {
    observation[0] = state[0]
    observation[1] = state[1]
  }

  @_specialize(where Scalar == Double)
  @_specialize(where Scalar == Dual)
  public func observe<Scalar: DynamicsScalar>(
    _ state: ScalarVector<Scalar>, into observation: UnsafeMutablePointer<Scalar>
  ) {
    observation[0] = state[0]
    observation[1] = state[1]
  }

  /// The state that `observation` shows.
  public func state(fromObservation observation: UnsafePointer<Float>) -> SIMD2<Float> {
    SIMD2(observation[0], observation[1])
  }
}

/// Reward and termination of `MountainCarContinuous` on observations.
public struct MountainCarContinuousObjective: Objective {
  let goalVelocity: Float

  /// Scores `count` transitions, as `Objective` says.
  public func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) {
    for row in 0..<count {
      (rewards[row], terminated[row]) = score(
        throttle: actions[row], position: next[2 * row], velocity: next[2 * row + 1])
    }
  }

  @inline(__always)
  func score(throttle: Float, position: Float, velocity: Float) -> (reward: Float, terminated: Bool) {
    let arrived = hasArrived(position: Double(position), velocity: Double(velocity))
    return (reward(throttle: clip(throttle, -1, 1), arrived: arrived), arrived)
  }

  @inline(__always)
  func hasArrived(position: Double, velocity: Double) -> Bool {
    position >= Double(MountainCarContinuous.goalPosition) && velocity >= Double(goalVelocity)
  }

  /// Of a throttle within the bounds.
  @inline(__always)
  func reward<Number: DynamicsScalar>(throttle: Number, arrived: Bool) -> Number {
    Number(arrived ? 100 : 0) - 0.1 * throttle * throttle
  }
}

extension MountainCarContinuous {
  public var observationNames: [String] {
    ["position", "velocity"]
  }
}
