import Archive
import Configuration
import ControlTasks
import Interfaces
import Kernels

/// Settings of `PlanarArm`.
public struct PlanarArmSettings: Configuration {
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 50
  @Setting("Number of initial conditions, taken in turn", in: 1...1000) public var conditions: Int = 1
  @Setting("Start anywhere in the box that the conditions are points of") public var startsAnywhere: Bool = false
  @Setting("Deviation of starts from a condition, in half widths of that box", in: 0...1)
  public var startNoise: Double = 0.02
  @Setting("Share a of the squared distance d² (m²) in the cost a d² + v log(d² + alpha)", in: 0...1e6)
  public var quadraticCost: Double = 1
  @Setting("Share v of the logarithm in that cost", in: 0...1e6) public var logarithmCost: Double = 0.01
  @Setting("Offset alpha in that cost, in m²", in: 1e-12...1) public var logarithmOffset: Double = 1e-5
  @Setting("Cost of a squared rad/s of a joint", in: 0...1e6) public var velocityCost: Double = 0.001
  @Setting("Cost of a squared N m of torque", in: 0...1e6) public var actionCost: Double = 0.001
  @Setting("Damping of the joints, in N m s", in: 0...100) public var damping: Double = 0.3

  public init() {}
}

/// Bring the tip of a planar arm of three links to a target and hold it there.
///
/// State and observation (q_1, q_2, q_3, q̇_1, q̇_2, q̇_3) in rad and rad/s, each angle relative to the link before and not
/// wrapped; action: the joints' torques, each limited to ±3 N m; a step of 0.05 s is two Runge-Kutta steps of
/// `PlanarArmDynamics` (links of 0.4, 0.35 and 0.25 m; 1.5, 1 and 0.6 kg; no gravity). With the distance d of the tip from
/// the target (0.2, 0.6) a step costs a d² + v log(d² + α) + 0.001 |q̇'|² + 0.001 |u|²: Levine and Abbeel's penalty (NIPS
/// 2014) on the tip, through the kinematics. Starts at rest in the box (-0.6, 0.6, 0.6) ± 0.3 rad, about 1 m away. Never
/// terminates. Reported besides the return: `final_distance` in m.
public struct PlanarArm: ControlTask {
  public static let name = "planar-arm"
  public static let summary = "bring the tip of a three-link arm to a target, from conditions (continuous, 50 steps)"

  static let chain = PlanarChain(lengths: PlanarArmDynamics.lengths)
  static let target = SIMD2(0.2, 0.6)
  static let timeStep = 0.05
  static let integrationsPerStep = 2

  public let spec: EnvironmentSpec
  public let cost: CostSum
  public let starts: StartRegion
  public let actionBounds: (low: [Float], high: [Float]) = ([-3, -3, -3], [3, 3, 3])
  public var startedEpisodes = 0
  public var episode = Episode<SIMD8<Double>>()
  private let arm: PlanarArmDynamics

  /// A task that has not been reset yet.
  public init(_ settings: PlanarArmSettings) {
    arm = PlanarArmDynamics(damping: settings.damping)
    cost = CostSum(
      stateSize: 6,
      terms: [
        .init(
          .logarithmic(
            quadratic: settings.quadraticCost, logarithm: settings.logarithmCost, offset: settings.logarithmOffset),
          of: TipDistance(of: Self.chain, from: Self.target)),
        .init(.quadratic(weight: settings.velocityCost), of: ComponentDistance((3..<6).map { .init($0) })),
      ], actionWeights: Array(repeating: settings.actionCost, count: 3))
    starts = StartRegion(
      center: [-0.6, 0.6, 0.6, 0, 0, 0], halfWidths: [0.3, 0.3, 0.3, 0, 0, 0], count: settings.conditions,
      isContinuous: settings.startsAnywhere, noise: settings.startNoise)
    spec = EnvironmentSpec(
      observationSize: 6, action: .box(low: actionBounds.low, high: actionBounds.high),
      timeStep: Float(Self.timeStep), stepLimit: settings.stepLimit,
      rewardRange: -.infinity...Float(-cost.minimum).nextUp)
  }

  @_specialize(where Vector == SIMD8<Double>)
  @_specialize(where Vector == LongScalarVector<Dual>)
  public func transition<Vector: StateVector>(from state: Vector, under action: Vector) -> Vector {
    var state = state
    for _ in 0..<Self.integrationsPerStep {
      state = rungeKutta4(state, step: Self.timeStep / Double(Self.integrationsPerStep)) {
        arm.derivative(of: $0, under: action)
      }
    }
    return state
  }

  public var measureNames: [String] { ["final_distance"] }

  public var measures: [Double] {
    let error = tip - Self.target
    return [(error * error).sum().squareRoot()]
  }

  /// Where the tip is, in m.
  package var tip: SIMD2<Double> { end(of: 2) }

  /// Where the end of a link is, in m.
  func end(of link: Int) -> SIMD2<Double> {
    let angles = [episode.state[0], episode.state[1], episode.state[2]]
    return angles.withUnsafeBufferPointer { $0.baseAddress.map { Self.chain.end(of: link, $0) } ?? .zero }
  }
}
