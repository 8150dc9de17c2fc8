import Configuration
import Foundation
import Interfaces
import Kernels

/// Settings of `ReacherGoals`.
public struct ReacherGoalsSettings: VariantSettings {
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 50
  @Setting("Number of goals, evenly spaced on a circle about the shoulder", in: 2...64) public var goals: Int = 4
  @Setting("Radius of the circle, in m", in: 0.05...1) public var radius: Double = 0.7
  @Setting("Cost of a squared unit of torque", in: 0...1) public var actionCost: Float = 0.01
  @SettingGroup("Tasks of the family") public var tasks = FamilySettings()

  /// Four goals.
  public init() {}

  public var taskCount: Int { goals }
  public func validate() throws(ConfigurationError) { try checkTasks() }
}

/// Reach one of K goals with the tip of a planar arm of two links in a horizontal plane.
///
/// Two uniform rods of length l = 0.5 m and mass m = 1 kg; state (q_1, q_2 relative to the first link, ω_1, ω_2); actions:
/// torques in ±1 N m; both joints have the viscous damping b = 0.1 N m s. With c = l/2 and I = m l²/12,
///
///     M(q) = [I + m c² + I + m (l² + c² + 2 l c cos q_2),  I + m (c² + l c cos q_2);  same,  I + m c²]
///     M(q) ω̇ = u - b ω + m l c sin q_2 (2 ω_1 ω_2 + ω_2², -ω_1²)
///
/// integrated by two Runge-Kutta steps of 0.025 s a decision. Observation: cosine and sine of q_1 and of q_2, ω_1, ω_2.
/// Reward, of the state after the step: -|tip - goal| - 0.01 |u|². Starts: q_1 in ±π, q_2 in ±1, at rest.
public struct ReacherGoals: TaskVariants {
  public static let name = "reacher-goals"
  public static let summary = "reach one of several goals with an arm of two links (family, continuous, 50 steps)"

  package static let damping = 0.1
  static let (length, mass, maximalTorque) = (0.5, 1.0, Float(1))
  static let (integrationStep, integrationsPerStep) = (0.025, 2)

  let goals: [SIMD2<Double>]
  private let actionCost: Float

  public init(_ settings: ReacherGoalsSettings) {
    actionCost = settings.actionCost
    goals = (0..<settings.goals).map { index in
      let angle = 2 * Double.pi * Double(index) / Double(settings.goals)
      return settings.radius * SIMD2(cos(angle), sin(angle))
    }
  }

  public var count: Int { goals.count }
  public var observationSize: Int { 6 }
  public var action: ActionSpace {
    .box(low: [-Self.maximalTorque, -Self.maximalTorque], high: [Self.maximalTorque, Self.maximalTorque])
  }
  public var timeStep: Float { Float(Self.integrationStep * Double(Self.integrationsPerStep)) }
  public var rewardRange: ClosedRange<Float>? { -.infinity...0 }

  public func startState(of task: Int, using random: inout RandomStream) -> SIMD4<Double> {
    let shoulder = Double.pi * (2 * Double(random.uniform()) - 1)
    return SIMD4(shoulder, 2 * Double(random.uniform()) - 1, 0, 0)
  }

  private func torques(_ action: UnsafePointer<Float>) -> SIMD2<Float> {
    SIMD2(
      clip(action[0], -Self.maximalTorque, Self.maximalTorque),
      clip(action[1], -Self.maximalTorque, Self.maximalTorque))
  }

  /// Time derivative of `state` under `torque` in N m.
  package static func derivative(of state: SIMD4<Double>, torque: SIMD2<Double>) -> SIMD4<Double> {
    let center = length / 2
    let about = mass * length * length / 12 + mass * center * center  // of a link about its own joint
    let coupling = mass * length * center * cos(state[1])
    let (first, mixed) = (2 * about + mass * length * length + 2 * coupling, about + coupling)
    let bend = mass * length * center * sin(state[1])
    let push = torque[0] - damping * state[2] + bend * (2 * state[2] * state[3] + state[3] * state[3])
    let pull = torque[1] - damping * state[3] - bend * state[2] * state[2]
    let determinant = first * about - mixed * mixed
    return SIMD4(
      state[2], state[3], (about * push - mixed * pull) / determinant, (first * pull - mixed * push) / determinant)
  }

  /// Kinetic energy, in J.
  package static func energy(of state: SIMD4<Double>) -> Double {
    let center = length / 2
    let about = mass * length * length / 12 + mass * center * center
    let coupling = mass * length * center * cos(state[1])
    let (first, mixed) = (2 * about + mass * length * length + 2 * coupling, about + coupling)
    return 0.5 * first * state[2] * state[2] + mixed * state[2] * state[3] + 0.5 * about * state[3] * state[3]
  }

  /// Where the tip is, in m.
  static func tip(of state: SIMD4<Double>) -> SIMD2<Double> {
    let second = state[0] + state[1]
    return length * SIMD2(cos(state[0]) + cos(second), sin(state[0]) + sin(second))
  }

  public func successor(of state: SIMD4<Double>, under action: UnsafePointer<Float>, task: Int) -> SIMD4<Double> {
    let torque = SIMD2<Double>(torques(action))
    var state = state
    for _ in 0..<Self.integrationsPerStep {
      state = rungeKutta4(state, step: Self.integrationStep) { Self.derivative(of: $0, torque: torque) }
    }
    return state
  }

  public func score(
    _ state: SIMD4<Double>, _ action: UnsafePointer<Float>, next: SIMD4<Double>, task: Int
  ) -> (reward: Float, terminated: Bool) {
    let away = Self.tip(of: next) - goals[task]
    let torque = torques(action)
    return (-Float((away * away).sum().squareRoot()) - actionCost * (torque * torque).sum(), false)
  }

  public func observe(_ state: SIMD4<Double>, into observation: UnsafeMutablePointer<Float>) {
    for joint in 0..<2 {
      observation[2 * joint] = Float(cos(state[joint]))
      observation[2 * joint + 1] = Float(sin(state[joint]))
      observation[4 + joint] = Float(state[2 + joint])
    }
  }

  public func state(fromObservation observation: UnsafePointer<Float>) -> SIMD4<Double> {
    SIMD4(
      atan2(Double(observation[1]), Double(observation[0])), atan2(Double(observation[3]), Double(observation[2])),
      Double(observation[4]), Double(observation[5]))
  }
}
