import Archive
import Configuration
import Foundation
import Interfaces
import Kernels

/// Settings of `CartPole`.
public struct CartPoleSettings: Configuration {
  /// Steps after which an episode is cut off.
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 500
  /// Whether rewards are 0 a step and -1 for falling instead of 1 a step.
  @Setting("Reward 0 a step and -1 for falling, as Sutton and Barto have it, instead of 1 a step")
  public var suttonBartoReward: Bool = false

  /// The published task.
  public init() {}
}

/// Keep a pole upright on a cart that is pushed left or right: Gymnasium's `CartPole-v1`.
///
/// State and observation (position in m, velocity, angle in rad with 0 upright, angular velocity); actions 0 and 1 push
/// with 10 N to the left and right; explicit Euler steps of 0.02 s of the frictionless equations of Barto, Sutton and
/// Anderson, "Neuronlike adaptive elements that can solve difficult learning control problems" (1983). Reward 1 for
/// every step, the last included; terminated when the cart leaves ±2.4 m or the pole ±12°. Starts: each component
/// uniform in ±0.05.
public struct CartPole: StateSpaceTask {
  /// The name users type.
  public static let name = "CartPole-v1"
  /// What the task asks for.
  public static let summary = "balance a pole on a cart by pushing left or right (discrete, 500 steps)"

  static let timeStep = 0.02
  static let halfPoleLength = 0.5
  static let dynamics = CartPoleDynamics(poleMass: 0.1, halfPoleLength: halfPoleLength)
  static let maximalPosition = 2.4
  static let maximalAngle = 12 * 2 * Double.pi / 360

  /// Shapes, bounds and step limit.
  public let spec: EnvironmentSpec
  /// The episode under way.
  public var episode = Episode<SIMD4<Double>>()
  /// Reward of a step after which the pole stands.
  private let stepReward: Float
  /// Reward of the step that loses it.
  private let lastReward: Float

  /// A task that has not been reset yet.
  public init(_ settings: CartPoleSettings) {
    stepReward = settings.suttonBartoReward ? 0 : 1
    lastReward = settings.suttonBartoReward ? -1 : 1
    spec = EnvironmentSpec(
      observationSize: 4, action: .discrete(count: 2), timeStep: Float(Self.timeStep), stepLimit: settings.stepLimit,
      rewardRange: min(stepReward, lastReward)...max(stepReward, lastReward))
  }

  /// Reward and termination on observations.
  public var objective: CartPoleObjective { CartPoleObjective(task: self) }

  /// Draws a start state.
  public func startState(using random: inout RandomStream) -> SIMD4<Double> {
    var state = SIMD4<Double>()
    for index in state.indices { state[index] = 0.1 * Double(random.uniform()) - 0.05 }
    return state
  }

  /// The state one step after `state`.
  public func successor(of state: SIMD4<Double>, under action: UnsafePointer<Float>) -> SIMD4<Double> {
    Self.dynamics.successor(of: state, under: action)
  }

  /// Reward and termination of the step from `state` to `next`.
  public func score(
    _ state: SIMD4<Double>, _ action: UnsafePointer<Float>, next: SIMD4<Double>
  ) -> (reward: Float, terminated: Bool) {
    let fallen = Self.isOutside(position: next[0], angle: next[2])
    return (fallen ? lastReward : stepReward, fallen)
  }

  /// Writes the observation of `state`.
  public func observe(_ state: SIMD4<Double>, into observation: UnsafeMutablePointer<Float>) {
    for index in 0..<4 { observation[index] = Float(state[index]) }
  }

  /// The state that `observation` shows.
  public func state(fromObservation observation: UnsafePointer<Float>) -> SIMD4<Double> {
    SIMD4(Double(observation[0]), Double(observation[1]), Double(observation[2]), Double(observation[3]))
  }

  /// Whether the episode is lost there; NaN counts as lost.
  @inline(__always)
  static func isOutside(position: Double, angle: Double) -> Bool {
    !(position.magnitude <= maximalPosition && angle.magnitude <= maximalAngle)
  }
}

/// Reward and termination of `CartPole` on observations.
public struct CartPoleObjective: TaskObjective {
  public let task: CartPole
}

extension CartPole {
  public var observationNames: [String] {
    ["cart position", "cart velocity", "pole angle", "pole angular velocity"]
  }
}
