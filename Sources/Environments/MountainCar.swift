import Archive
import Configuration
import Foundation
import Interfaces
import Kernels

/// Settings of `MountainCar`.
public struct MountainCarSettings: Configuration {
  /// Steps after which an episode is cut off.
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 200
  /// Least velocity at the goal that counts as arrival.
  @Setting("Least velocity at the goal that counts as arrival", in: 0...0.07) public var goalVelocity: Double = 0

  /// The published task.
  public init() {}
}

/// Drive an underpowered car out of a valley with full throttle or none: Gymnasium's `MountainCar-v0`.
///
/// State and observation (position in [-1.2, 0.6], velocity in ±0.07 a step); actions 0, 1, 2 push left, not, right:
/// v' = clip(v + 0.001 (a - 1) - 0.0025 cos 3x), x' = clip(x + v'), stopped dead at the left wall. Reward -1 a step;
/// terminated at x >= 0.5 with at least the goal velocity. Starts: x uniform in [-0.6, -0.4], at rest. Introduced by
/// Moore, "Efficient memory-based learning for robot control" (1990).
public struct MountainCar: StateSpaceTask {
  /// The name users type.
  public static let name = "MountainCar-v0"
  /// What the task asks for.
  public static let summary = "rock a weak car out of a valley, three throttle positions (discrete, 200 steps)"

  static let (leftWall, rightEnd) = (-1.2, 0.6)
  static let maximalSpeed = 0.07
  static let goalPosition = 0.5

  /// Shapes, bounds and step limit.
  public let spec: EnvironmentSpec
  /// The episode under way.
  public var episode = Episode<SIMD2<Double>>()
  private let goalVelocity: Double

  /// A task that has not been reset yet.
  public init(_ settings: MountainCarSettings) {
    goalVelocity = settings.goalVelocity
    spec = EnvironmentSpec(
      observationSize: 2, action: .discrete(count: 3), timeStep: 1, stepLimit: settings.stepLimit,
      rewardRange: -1...(-1))
  }

  /// Reward and termination on observations.
  public var objective: MountainCarObjective { MountainCarObjective(task: self) }

  /// Draws a start state.
  public func startState(using random: inout RandomStream) -> SIMD2<Double> {
    SIMD2(-0.6 + 0.2 * Double(random.uniform()), 0)
  }

  /// The state one step after `state`.
  public func successor(of state: SIMD2<Double>, under action: UnsafePointer<Float>) -> SIMD2<Double> {
    let push = (choice(action[0], of: 3) - 1) * 0.001
    var velocity = state[1] + (push + cos(3 * state[0]) * -0.0025)
    velocity = clip(velocity, -Self.maximalSpeed, Self.maximalSpeed)
    let position = clip(state[0] + velocity, Self.leftWall, Self.rightEnd)
    if position == Self.leftWall && velocity < 0 { velocity = 0 }
    return SIMD2(position, velocity)
  }

  /// Reward and termination of the step from `state` to `next`.
  public func score(
    _ state: SIMD2<Double>, _ action: UnsafePointer<Float>, next: SIMD2<Double>
  ) -> (reward: Float, terminated: Bool) {
    (-1, next[0] >= Self.goalPosition && next[1] >= goalVelocity)
  }

  /// Writes the observation of `state`.
  public func observe(_ state: SIMD2<Double>, into observation: UnsafeMutablePointer<Float>) {
    observation[0] = Float(state[0])
    observation[1] = Float(state[1])
  }

  /// The state that `observation` shows.
  public func state(fromObservation observation: UnsafePointer<Float>) -> SIMD2<Double> {
    SIMD2(Double(observation[0]), Double(observation[1]))
  }
}

/// Reward and termination of `MountainCar` on observations.
public struct MountainCarObjective: TaskObjective {
  public let task: MountainCar
}

extension MountainCar {
  public var observationNames: [String] {
    ["position", "velocity"]
  }
}
