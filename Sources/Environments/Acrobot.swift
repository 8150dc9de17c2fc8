import Archive
import Configuration
import Foundation
import Interfaces
import Kernels

/// Settings of `Acrobot`.
public struct AcrobotSettings: Configuration {
  /// Steps after which an episode is cut off.
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 500
  /// Which equations of motion hold.
  @Setting("Equations of motion: of Sutton and Barto's book, or of Sutton's 1996 paper, which lack a centrifugal term")
  public var dynamics: AcrobotDynamics = .book

  /// The published task.
  public init() {}
}

/// The two published versions of the acrobot's equations of motion.
public enum AcrobotDynamics: String, CaseIterable, SettingValue {
  /// Sutton and Barto, "Reinforcement Learning: An Introduction".
  case book
  /// Sutton, "Generalization in reinforcement learning: successful examples using sparse coarse coding" (NIPS 1996).
  case nips
}

/// Swing the free end of a double pendulum above a line by a torque at the joint between the links: Gymnasium's
/// `Acrobot-v1`.
///
/// State (θ1 of the first link from hanging, θ2 of the second relative to the first, both in rad and wrapped to ±π;
/// their velocities, limited to ±4π and ±9π rad/s); actions 0, 1, 2 are torques of -1, 0, 1 N m; one Runge-Kutta step
/// of 0.2 s; observation (cos θ1, sin θ1, cos θ2, sin θ2, velocities). Reward -1 a step and 0 for the one that
/// terminates: -cos θ1 - cos(θ1 + θ2) > 1. Starts: each component uniform in ±0.1.
public struct Acrobot: StateSpaceTask {
  /// The name users type.
  public static let name = "Acrobot-v1"
  /// What the task asks for.
  public static let summary = "swing a double pendulum above a line by its middle joint (discrete, 500 steps)"

  static let timeStep = 0.2
  static let goalHeight = 1.0
  static let maximalSpeeds = SIMD2(4 * Double.pi, 9 * Double.pi)

  /// Shapes, bounds and step limit.
  public let spec: EnvironmentSpec
  /// The episode under way.
  public var episode = Episode<SIMD4<Double>>()
  private let dynamics: AcrobotDynamics

  /// A task that has not been reset yet.
  public init(_ settings: AcrobotSettings) {
    dynamics = settings.dynamics
    spec = EnvironmentSpec(
      observationSize: 6, action: .discrete(count: 3), timeStep: Float(Self.timeStep), stepLimit: settings.stepLimit,
      rewardRange: -1...0)
  }

  /// Reward and termination on observations.
  public var objective: AcrobotObjective { AcrobotObjective(task: self) }

  /// Draws a start state.
  public func startState(using random: inout RandomStream) -> SIMD4<Double> {
    var state = SIMD4<Double>()
    for index in state.indices { state[index] = 0.2 * Double(random.uniform()) - 0.1 }
    return state
  }

  /// The state one step after `state`.
  public func successor(of state: SIMD4<Double>, under action: UnsafePointer<Float>) -> SIMD4<Double> {
    let torque = choice(action[0], of: 3) - 1
    let next = rungeKutta4(state, step: Self.timeStep) { derivative(of: $0, torque: torque) }
    return SIMD4(
      Self.wrap(next[0]), Self.wrap(next[1]),
      clip(next[2], -Self.maximalSpeeds[0], Self.maximalSpeeds[0]),
      clip(next[3], -Self.maximalSpeeds[1], Self.maximalSpeeds[1]))
  }

  /// Time derivative of (θ1, θ2, θ1', θ2') for links of 1 kg, 1 m, centers of mass halfway and moments of inertia of
  /// 1 kg m².
  private func derivative(of state: SIMD4<Double>, torque: Double) -> SIMD4<Double> {
    let (mass, length, center, inertia, gravity) = (1.0, 1.0, 0.5, 1.0, 9.8)
    let (angle1, angle2, speed1, speed2) = (state[0], state[1], state[2], state[3])
    let (sine2, cosine2) = (sin(angle2), cos(angle2))
    let coupling = mass * length * center
    let d1 =
      mass * center * center + mass * (length * length + center * center + 2 * length * center * cosine2)
      + inertia + inertia
    let d2 = mass * (center * center + length * center * cosine2) + inertia
    let phi2 = mass * center * gravity * cos(angle1 + angle2 - .pi / 2)
    let phi1 =
      -coupling * (speed2 * speed2) * sine2 - 2 * coupling * speed2 * speed1 * sine2
      + (mass * center + mass * length) * gravity * cos(angle1 - .pi / 2) + phi2
    let centrifugal = dynamics == .book ? coupling * (speed1 * speed1) * sine2 : 0
    let acceleration2 =
      (torque + d2 / d1 * phi1 - centrifugal - phi2) / (mass * center * center + inertia - d2 * d2 / d1)
    return SIMD4(speed1, speed2, -(d2 * acceleration2 + phi1) / d1, acceleration2)
  }

  /// Reward and termination of the step from `state` to `next`.
  public func score(
    _ state: SIMD4<Double>, _ action: UnsafePointer<Float>, next: SIMD4<Double>
  ) -> (reward: Float, terminated: Bool) {
    let arrived = -cos(next[0]) - cos(next[1] + next[0]) > Self.goalHeight
    return (arrived ? 0 : -1, arrived)
  }

  /// Writes the observation of `state`.
  public func observe(_ state: SIMD4<Double>, into observation: UnsafeMutablePointer<Float>) {
    observation[0] = Float(cos(state[0]))
    observation[1] = Float(sin(state[0]))
    observation[2] = Float(cos(state[1]))
    observation[3] = Float(sin(state[1]))
    observation[4] = Float(state[2])
    observation[5] = Float(state[3])
  }

  /// The state that `observation` shows.
  public func state(fromObservation observation: UnsafePointer<Float>) -> SIMD4<Double> {
    SIMD4(
      atan2(Double(observation[1]), Double(observation[0])), atan2(Double(observation[3]), Double(observation[2])),
      Double(observation[4]), Double(observation[5]))
  }

  /// `angle` in [-π, π], by whole turns.
  private static func wrap(_ angle: Double) -> Double {
    guard angle.magnitude < 100 else { return angle.remainder(dividingBy: 2 * .pi) }
    var angle = angle
    while angle > .pi { angle -= 2 * .pi }
    while angle < -.pi { angle += 2 * .pi }
    return angle
  }
}

/// Reward and termination of `Acrobot` on observations.
public struct AcrobotObjective: TaskObjective {
  public let task: Acrobot
}

extension Acrobot {
  public var observationNames: [String] {
    [
      "cosine of the first angle", "sine of the first angle", "cosine of the second angle", "sine of the second angle",
      "first angular velocity", "second angular velocity",
    ]
  }
}
