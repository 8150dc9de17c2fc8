import Archive
import Configuration
import Foundation
import Interfaces
import Kernels

/// Settings of `ReacherReach`.
public struct ReacherReachSettings: Configuration {
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 50
  @Setting("Distance within which the goal is reached, in m", in: 0.001...1) public var tolerance: Double = 0.05

  /// A tolerance of 5 cm, as in FetchReach.
  public init() {}
}

/// Be with the tip of the arm of `ReacherGoals` at a goal that is drawn with each episode, with sparse rewards (`ReachTask`).
///
/// Dynamics and bounds are those of `ReacherGoals`. State: its own, then the goal. Observation: cosine and sine of q_1 and of
/// q_2, ω_1, ω_2, the tip, the goal; the goal achieved is the tip. Starts: q_1 in ±π, q_2 in ±1, at rest; goals at distances
/// uniform in 0.2 to 0.95 m from the shoulder, in all directions.
public struct ReacherReach: ReachTask {
  public static let name = "reacher-reach"
  public static let summary =
    "be with an arm's tip at a goal that is shown, sparse rewards (goals, continuous, 50 steps)"

  public let spec: EnvironmentSpec
  public let tolerance: Double
  public var episode = Episode<SIMD8<Double>>()

  public init(_ settings: ReacherReachSettings) {
    tolerance = settings.tolerance
    let torque = ReacherGoals.maximalTorque
    spec = EnvironmentSpec(
      observationSize: 10, action: .box(low: [-torque, -torque], high: [torque, torque]),
      timeStep: Float(ReacherGoals.integrationStep * Double(ReacherGoals.integrationsPerStep)),
      stepLimit: settings.stepLimit, rewardRange: -1...0)
  }

  public var objective: ReachObjective<ReacherReach> { ReachObjective(task: self) }
  public var goalLayout: GoalLayout? { GoalLayout(achieved: 6..<8, desired: 8..<10) }
  public var observationNames: [String] {
    [
      "cosine of angle 1", "sine of angle 1", "cosine of angle 2", "sine of angle 2", "angular velocity 1",
      "angular velocity 2", "tip's x position", "tip's y position", "goal's x position", "goal's y position",
    ]
  }

  public static func place(of state: SIMD8<Double>) -> SIMD2<Double> { ReacherGoals.tip(of: state.lowHalf) }

  public func startState(using random: inout RandomStream) -> SIMD8<Double> {
    let shoulder = Double.pi * (2 * Double(random.uniform()) - 1)
    let elbow = 2 * Double(random.uniform()) - 1
    let (distance, angle) = (0.2 + 0.75 * Double(random.uniform()), 2 * Double.pi * Double(random.uniform()))
    return SIMD8(shoulder, elbow, 0, 0, distance * cos(angle), distance * sin(angle), 0, 0)
  }

  public func successor(of state: SIMD8<Double>, under action: UnsafePointer<Float>) -> SIMD8<Double> {
    let limit = ReacherGoals.maximalTorque
    let torque = SIMD2(Double(clip(action[0], -limit, limit)), Double(clip(action[1], -limit, limit)))
    var arm = state.lowHalf
    for _ in 0..<ReacherGoals.integrationsPerStep {
      arm = rungeKutta4(arm, step: ReacherGoals.integrationStep) { ReacherGoals.derivative(of: $0, torque: torque) }
    }
    return SIMD8(lowHalf: arm, highHalf: state.highHalf)
  }

  public func observe(_ state: SIMD8<Double>, into observation: UnsafeMutablePointer<Float>) {
    let tip = Self.place(of: state)
    for joint in 0..<2 {
      observation[2 * joint] = Float(cos(state[joint]))
      observation[2 * joint + 1] = Float(sin(state[joint]))
      observation[4 + joint] = Float(state[2 + joint])
      observation[6 + joint] = Float(tip[joint])
      observation[8 + joint] = Float(state[4 + joint])
    }
  }

  public func state(fromObservation observation: UnsafePointer<Float>) -> SIMD8<Double> {
    SIMD8(
      atan2(Double(observation[1]), Double(observation[0])), atan2(Double(observation[3]), Double(observation[2])),
      Double(observation[4]), Double(observation[5]), Double(observation[8]), Double(observation[9]), 0, 0)
  }
}
