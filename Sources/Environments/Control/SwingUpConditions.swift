import Archive
import Configuration
import ControlTasks
import Foundation
import Interfaces
import Kernels

/// Settings of `SwingUpConditions`.
public struct SwingUpConditionsSettings: Configuration {
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 60
  @Setting("Number of initial conditions, taken in turn", in: 1...1000) public var conditions: Int = 1
  @Setting("Start anywhere in the box that the conditions are points of") public var startsAnywhere: Bool = false
  @Setting("Deviation of starts from a condition, in half widths of that box", in: 0...1)
  public var startNoise: Double = 0.02
  @Setting("Share a of the squared distance d² (m²) in the cost a d² + v log(d² + alpha)", in: 0...1e6)
  public var quadraticCost: Double = 1
  @Setting("Share v of the logarithm in that cost", in: 0...1e6) public var logarithmCost: Double = 0.05
  @Setting("Offset alpha in that cost, in m²", in: 1e-12...1) public var logarithmOffset: Double = 1e-3
  @Setting("Cost of a squared m/s of the cart and a squared rad/s of the pole", in: 0...1e6)
  public var velocityCost: Double = 0.003
  @Setting("Cost of a squared unit of action", in: 0...1e6) public var actionCost: Double = 0.01

  /// One condition, hanging at rest in the middle.
  public init() {}
}

/// Swing a hanging pole up by pushing its cart and hold it in the middle, from fixed initial conditions: the dynamics of
/// `CartPoleSwingUp`, for local models.
///
/// State and observation (x in m, ẋ, θ in rad with 0 hanging and not wrapped, θ̇); action in ±3, a force of 100 N a unit; a
/// step lasts 0.04 s. With the distance d of the pole's tip from (0, 0.6) a step costs a d² + v log(d² + α) +
/// 0.003 (ẋ'² + θ̇'²) + 0.01 u². Starts at rest in the box (0, 0, 0, 0) ± (0.3 m, 0, 0.3 rad, 0). Never terminates.
/// Reported besides the return: `final_distance` of the tip in m; hanging it is 1.2.
public struct SwingUpConditions: ControlTask {
  public static let name = "cartpole-swingup-conditions"
  public static let summary = "swing up a pole and hold it, from conditions (continuous, 60 steps)"

  public let spec: EnvironmentSpec
  public let cost: CostSum
  public let starts: StartRegion
  public let actionBounds: (low: [Float], high: [Float]) = (
    [-CartPoleSwingUp.maximalAction], [CartPoleSwingUp.maximalAction]
  )
  public var startedEpisodes = 0
  public var episode = Episode<SIMD8<Double>>()
  private let dynamicsOfCart = CartPoleSwingUpDynamics(damping: 1)

  /// A task that has not been reset yet.
  public init(_ settings: SwingUpConditionsSettings) {
    cost = CostSum(
      stateSize: 4,
      terms: [
        .init(
          .logarithmic(
            quadratic: settings.quadraticCost, logarithm: settings.logarithmCost, offset: settings.logarithmOffset),
          of: PoleTipDistance(length: CartPoleSwingUp.poleLength, position: 0, angle: 2)),
        .init(.quadratic(weight: settings.velocityCost), of: ComponentDistance([.init(1), .init(3)])),
      ], actionWeights: [settings.actionCost])
    starts = StartRegion(
      center: [0, 0, 0, 0], halfWidths: [0.3, 0, 0.3, 0], count: settings.conditions,
      isContinuous: settings.startsAnywhere, noise: settings.startNoise)
    spec = EnvironmentSpec(
      observationSize: 4, action: .box(low: actionBounds.low, high: actionBounds.high),
      timeStep: Float(CartPoleSwingUp.integrationStep * Double(CartPoleSwingUp.integrationsPerStep)),
      stepLimit: settings.stepLimit, rewardRange: -.infinity...Float(-cost.minimum).nextUp)
  }

  @_specialize(where Vector == SIMD8<Double>)
  @_specialize(where Vector == LongScalarVector<Dual>)
  public func transition<Vector: StateVector>(from state: Vector, under action: Vector) -> Vector {
    dynamicsOfCart.successor(of: state, force: CartPoleSwingUp.forcePerAction * action[0])
  }

  public var measureNames: [String] { ["final_distance"] }

  public var measures: [Double] {
    let (x, angle, length) = (episode.state[0], episode.state[2], CartPoleSwingUp.poleLength)
    let (across, below) = (x - length * sin(angle), -length * cos(angle) - length)
    return [(across * across + below * below).squareRoot()]
  }
}
