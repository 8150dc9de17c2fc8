import Archive
import Configuration
import Interfaces
import Kernels

/// Settings of `PointMassReach`.
public struct PointMassReachSettings: Configuration {
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 50
  @Setting("Distance within which the goal is reached, in m", in: 0.001...10) public var tolerance: Double = 0.1
  @Setting("Largest coordinate of a goal, in m", in: 0.1...100) public var range: Double = 1.5

  /// Goals within 1.5 m.
  public init() {}
}

/// Be with the mass of `PointMass` at a goal that is drawn with each episode, with sparse rewards (`ReachTask`).
///
/// Dynamics and bounds are those of `PointMass`. State and observation: position, velocity, goal; the goal achieved is the
/// position. Starts: positions uniform in ±0.5 m, at rest; goals uniform in the square of ±1.5 m.
public struct PointMassReach: ReachTask {
  public static let name = "point-mass-reach"
  public static let summary = "be with a mass at a goal that is shown, sparse rewards (goals, continuous, 50 steps)"

  public let spec: EnvironmentSpec
  public let tolerance: Double
  public var episode = Episode<SIMD8<Double>>()
  private let range: Double

  public init(_ settings: PointMassReachSettings) {
    (tolerance, range) = (settings.tolerance, settings.range)
    spec = EnvironmentSpec(
      observationSize: 6,
      action: .box(
        low: [-PointMass.maximalForce, -PointMass.maximalForce], high: [PointMass.maximalForce, PointMass.maximalForce]),
      timeStep: Float(PointMass.timeStep), stepLimit: settings.stepLimit, rewardRange: -1...0)
  }

  public var objective: ReachObjective<PointMassReach> { ReachObjective(task: self) }
  public var goalLayout: GoalLayout? { GoalLayout(achieved: 0..<2, desired: 4..<6) }
  public var observationNames: [String] {
    ["x position", "y position", "x velocity", "y velocity", "goal's x position", "goal's y position"]
  }

  public static func place(of state: SIMD8<Double>) -> SIMD2<Double> { SIMD2(state[0], state[1]) }

  public func startState(using random: inout RandomStream) -> SIMD8<Double> {
    func uniform(_ limit: Double, _ random: inout RandomStream) -> Double {
      limit * (2 * Double(random.uniform()) - 1)
    }
    var state = SIMD8<Double>()
    for axis in 0..<2 { state[axis] = uniform(0.5, &random) }
    for axis in 4..<6 { state[axis] = uniform(range, &random) }
    return state
  }

  public func successor(of state: SIMD8<Double>, under action: UnsafePointer<Float>) -> SIMD8<Double> {
    var next = state
    for axis in 0..<2 {
      let force = Double(clip(action[axis], -PointMass.maximalForce, PointMass.maximalForce))
      (next[axis], next[axis + 2]) = PointMass.successor(
        position: state[axis], velocity: state[axis + 2], force: force)
    }
    return next
  }

  public func observe(_ state: SIMD8<Double>, into observation: UnsafeMutablePointer<Float>) {
    for index in 0..<6 { observation[index] = Float(state[index]) }
  }

  public func state(fromObservation observation: UnsafePointer<Float>) -> SIMD8<Double> {
    var state = SIMD8<Double>()
    for index in 0..<6 { state[index] = Double(observation[index]) }
    return state
  }
}
