import Archive
import Configuration
import ControlTasks
import Interfaces
import Kernels

/// Settings of `PointMassObstacle`.
public struct PointMassObstacleSettings: Configuration {
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 50
  @Setting("Number of initial conditions, taken in turn", in: 1...1000) public var conditions: Int = 1
  @Setting("Start anywhere in the box that the conditions are points of") public var startsAnywhere: Bool = false
  @Setting("Deviation of starts from a condition, in half widths of that box", in: 0...1)
  public var startNoise: Double = 0.02
  @Setting("Cost of a squared m from the goal", in: 0...1e6) public var positionCost: Double = 1
  @Setting("Cost of the middle of the obstacle", in: 0...1e6) public var obstacleCost: Double = 20
  @Setting("Cost of a squared N of force", in: 0...1e6) public var actionCost: Double = 0.01

  public init() {}
}

/// Bring a mass in the plane to rest at a goal, round a hill of cost on the way.
///
/// State and observation (p_x, p_y, v_x, v_y) in m and m/s; action: the force on 1 kg in N, each component limited to ±10,
/// held for Δt = 0.05 s, which p' = p + Δt v + Δt²/2 u, v' = v + Δt u integrates exactly. Goal (1, 0); the obstacle's
/// hill 20 exp(-|p - c|² / 2σ²) has its middle c = (0, -0.25) and σ = 0.2 m. Starts at rest in the box (-1 ± 0.2, ±0.3),
/// from all of which the short way round is the upper one. A step costs |p' - goal|² + 0.1 |v'|² + hill(p') + 0.01 |u|².
/// Never terminates. Reported besides the return: `final_distance` from the goal in m.
public struct PointMassObstacle: ControlTask {
  public static let name = "point-mass-obstacle"
  public static let summary =
    "bring a mass in the plane to rest round an obstacle, from conditions (continuous, 50 steps)"

  static let timeStep = 0.05
  static let goal = SIMD2(1.0, 0)
  static let obstacle = SIMD2(0.0, -0.25)
  static let obstacleWidth = 0.2

  public let spec: EnvironmentSpec
  public let cost: CostSum
  public let starts: StartRegion
  public let actionBounds: (low: [Float], high: [Float]) = ([-10, -10], [10, 10])
  public var startedEpisodes = 0
  public var episode = Episode<SIMD8<Double>>()

  /// A task that has not been reset yet.
  public init(_ settings: PointMassObstacleSettings) {
    func place(_ point: SIMD2<Double>) -> ComponentDistance {
      ComponentDistance((0..<2).map { .init($0, target: point[$0]) })
    }
    cost = CostSum(
      stateSize: 4,
      terms: [
        .init(.quadratic(weight: settings.positionCost), of: place(Self.goal)),
        .init(.quadratic(weight: 0.1), of: ComponentDistance([.init(2), .init(3)])),
        .init(.bump(weight: settings.obstacleCost, width: Self.obstacleWidth), of: place(Self.obstacle)),
      ], actionWeights: [settings.actionCost, settings.actionCost])
    starts = StartRegion(
      center: [-1, 0, 0, 0], halfWidths: [0.2, 0.3, 0, 0], count: settings.conditions,
      isContinuous: settings.startsAnywhere, noise: settings.startNoise)
    spec = EnvironmentSpec(
      observationSize: 4, action: .box(low: actionBounds.low, high: actionBounds.high),
      timeStep: Float(Self.timeStep), stepLimit: settings.stepLimit, rewardRange: -.infinity...0)
  }

  @_specialize(where Vector == SIMD8<Double>)
  @_specialize(where Vector == LongScalarVector<Dual>)
  public func transition<Vector: StateVector>(from state: Vector, under action: Vector) -> Vector {
    var next = state
    let step = Self.timeStep
    for axis in 0..<2 {
      next[axis] = state[axis] + step * state[axis + 2] + (step * step / 2) * action[axis]
      next[axis + 2] = state[axis + 2] + step * action[axis]
    }
    return next
  }

  public var measureNames: [String] { ["final_distance"] }

  public var measures: [Double] {
    let error = SIMD2(episode.state[0], episode.state[1]) - Self.goal
    return [(error * error).sum().squareRoot()]
  }
}
