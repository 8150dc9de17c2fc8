import Configuration
import Foundation
import Interfaces
import Kernels

/// Settings of `PointMassGoals`.
public struct PointMassGoalsSettings: VariantSettings {
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 50
  @Setting("Number of goals, evenly spaced on a circle", in: 2...64) public var goals: Int = 4
  @Setting("Radius of the circle, in m", in: 0.01...10) public var radius: Double = 2
  @Setting("Cost of a squared unit of force", in: 0.001...1000) public var actionCost: Double = 0.1
  @SettingGroup("Tasks of the family") public var tasks = FamilySettings()

  /// Four goals 2 m away.
  public init() {}

  public var taskCount: Int { goals }
  public func validate() throws(ConfigurationError) { try checkTasks() }
}

/// Bring the mass of `PointMass` to rest at one of K goals, g_k = radius (cos 2πk/K, sin 2πk/K).
///
/// Dynamics, bounds and costs are those of `PointMass`, with the position's cost |p - g|² about the goal:
/// the optimum is the linear-quadratic regulator's about it. Starts: positions uniform in ±0.5 m and velocities in ±0.5
/// m/s, whatever the goal.
public struct PointMassGoals: TaskVariants {
  public static let name = "point-mass-goals"
  public static let summary = "bring a mass in the plane to rest at one of several goals (family, continuous, 50 steps)"

  let goals: [SIMD2<Double>]
  private let actionCost: Double

  public init(_ settings: PointMassGoalsSettings) {
    actionCost = settings.actionCost
    goals = (0..<settings.goals).map { index in
      let angle = 2 * Double.pi * Double(index) / Double(settings.goals)
      return settings.radius * SIMD2(cos(angle), sin(angle))
    }
  }

  public var count: Int { goals.count }
  public var observationSize: Int { 4 }
  public var action: ActionSpace {
    .box(
      low: [-PointMass.maximalForce, -PointMass.maximalForce], high: [PointMass.maximalForce, PointMass.maximalForce])
  }
  public var timeStep: Float { Float(PointMass.timeStep) }
  public var rewardRange: ClosedRange<Float>? { -.infinity...0 }

  public func startState(of task: Int, using random: inout RandomStream) -> SIMD4<Double> {
    var state = SIMD4<Double>()
    for index in state.indices { state[index] = Double(random.uniform()) - 0.5 }
    return state
  }

  private func force(_ action: UnsafePointer<Float>, _ axis: Int) -> Double {
    Double(clip(action[axis], -PointMass.maximalForce, PointMass.maximalForce))
  }

  public func successor(of state: SIMD4<Double>, under action: UnsafePointer<Float>, task: Int) -> SIMD4<Double> {
    let x = PointMass.successor(position: state[0], velocity: state[2], force: force(action, 0))
    let y = PointMass.successor(position: state[1], velocity: state[3], force: force(action, 1))
    return SIMD4(x.position, y.position, x.velocity, y.velocity)
  }

  public func score(
    _ state: SIMD4<Double>, _ action: UnsafePointer<Float>, next: SIMD4<Double>, task: Int
  ) -> (reward: Float, terminated: Bool) {
    let (away, velocity) = (state.lowHalf - goals[task], state.highHalf)
    let force = SIMD2(force(action, 0), force(action, 1))
    let cost =
      PointMass.positionCost * (away * away).sum() + PointMass.velocityCost * (velocity * velocity).sum()
      + actionCost * (force * force).sum()
    return (-Float(cost), false)
  }

  public func observe(_ state: SIMD4<Double>, into observation: UnsafeMutablePointer<Float>) {
    for index in 0..<4 { observation[index] = Float(state[index]) }
  }

  public func state(fromObservation observation: UnsafePointer<Float>) -> SIMD4<Double> {
    SIMD4(Double(observation[0]), Double(observation[1]), Double(observation[2]), Double(observation[3]))
  }
}
