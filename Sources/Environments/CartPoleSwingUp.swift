import Archive
import Configuration
import Foundation
import Interfaces
import Kernels

/// Settings of `CartPoleSwingUp`.
public struct CartPoleSwingUpSettings: Configuration {
  /// Steps after which an episode is cut off.
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 200
  /// Cost of a squared unit of action.
  @Setting("Cost of a squared unit of action", in: 0...1) public var actionCost: Float = 0.01

  /// The published task.
  public init() {}
}

/// Swing a hanging pole up by pushing its cart, and balance it in the middle: the cart-pole of PETS (Chua et al., "Deep
/// reinforcement learning in a handful of trials using probabilistic dynamics models", NeurIPS 2018).
///
/// State (x in m, ẋ, θ in rad with 0 hanging, θ̇); action a in [-3, 3], a force of 100 a N on the cart; a decision
/// lasts 0.04 s, two Runge-Kutta steps of `CartPoleSwingUpDynamics`. Reward, of the state after the step: exp(-|p - (0,
/// 0.6)|² / 0.6²) - 0.01 a², with the pole's tip p = (x - 0.6 sin θ, -0.6 cos θ). Starts: every component normal with
/// mean 0 and standard deviation 0.1. Never terminates; upright in the middle is worth 1 a step.
///
/// Differences from the original, a MuJoCo model that this one follows to rounding while the cart runs free:
/// - The slide ends at ±2.5 m in an inelastic stop (`CartPoleSwingUpDynamics.stopped`), in MuJoCo in a soft constraint.
/// - We observe (x, ẋ, cos θ, sin θ, θ̇). The original observes (x, θ, ẋ, θ̇) and feeds its model cos θ and sin θ.
/// - The action cost is of the clipped action.
public struct CartPoleSwingUp: DifferentiableTask {
  /// The name users type.
  public static let name = "cartpole-swingup"
  /// What the task asks for.
  public static let summary = "swing up and balance a pole on a cart, as in PETS (continuous, 200 steps)"

  static let maximalAction: Float = 3
  static let forcePerAction = 100.0
  static let slideLimit = 2.5
  static let integrationStep = 0.02
  static let integrationsPerStep = 2
  package static let poleLength = 0.6

  /// Shapes, bounds and step limit.
  public let spec: EnvironmentSpec
  /// Reward and termination on observations.
  public let objective: CartPoleSwingUpObjective
  /// The episode under way.
  public var episode = Episode<SIMD4<Double>>()
  private let dynamics = CartPoleSwingUpDynamics(damping: 1)

  /// A task that has not been reset yet.
  public init(_ settings: CartPoleSwingUpSettings) {
    objective = CartPoleSwingUpObjective(actionCost: settings.actionCost)
    spec = EnvironmentSpec(
      observationSize: 5, action: .box(low: [-Self.maximalAction], high: [Self.maximalAction]),
      timeStep: Float(Self.integrationStep * Double(Self.integrationsPerStep)), stepLimit: settings.stepLimit,
      rewardRange: -settings.actionCost * Self.maximalAction * Self.maximalAction...1)
  }

  /// Draws a start state.
  public func startState(using random: inout RandomStream) -> SIMD4<Double> {
    var state = SIMD4<Double>()
    for index in state.indices { state[index] = 0.1 * Double(random.normal()) }
    return state
  }

  /// The state one step after `state`.
  public func successor(of state: SIMD4<Double>, under action: UnsafePointer<Float>) -> SIMD4<Double> {
    dynamics.successor(of: state, force: Self.force(action[0]))
  }

  /// Reward and termination of the step from `state` to `next`.
  public func score(
    _ state: SIMD4<Double>, _ action: UnsafePointer<Float>, next: SIMD4<Double>
  ) -> (reward: Float, terminated: Bool) {
    let acted = clip(action[0], -Self.maximalAction, Self.maximalAction)
    let closeness = Float(Self.closeness(position: next[0], sine: sin(next[2]), cosine: cos(next[2])))
    return (closeness - objective.effort(acted), false)
  }

  /// The force of an action, which is clipped, in N.
  @inline(__always)
  static func force(_ action: Float) -> Double { forcePerAction * Double(clip(action, -maximalAction, maximalAction)) }

  /// exp(-|p - (0, l)|² / l²) of the tip p = (x - l sin θ, -l cos θ) of a pole of length l.
  @inline(__always)
  static func closeness<Scalar: DynamicsScalar>(
    position: Scalar, sine: Scalar, cosine: Scalar, poleLength: Double = CartPoleSwingUp.poleLength
  ) -> Scalar {
    let across = position - poleLength * sine
    let below = poleLength * (cosine + Scalar(1))
    let sharpness = Scalar(1) / (Scalar(poleLength) * Scalar(poleLength))
    return (-(across * across + below * below) * sharpness).exponential
  }

  @_specialize(where Scalar == Double)
  @_specialize(where Scalar == Dual)
  @_specialize(where Scalar == SecondOrderDual)
  public func transition<Scalar: DynamicsScalar>(
    from state: ScalarVector<Scalar>, under action: ScalarVector<Scalar>
  ) -> (next: ScalarVector<Scalar>, reward: Scalar) {
    let next = dynamics.successor(of: state, force: Self.forcePerAction * action[0])
    let closeness = Self.closeness(position: next[0], sine: next[2].sine, cosine: next[2].cosine)
    return (next, closeness - objective.effort(action[0]))
  }

  /// Writes the observation of `state`.
  public func observe(_ state: SIMD4<Double>, into observation: UnsafeMutablePointer<Float>) {
    observation[0] = Float(state[0])
    observation[1] = Float(state[1])
    observation[2] = Float(cos(state[2]))
    observation[3] = Float(sin(state[2]))
    observation[4] = Float(state[3])
  }

  @_specialize(where Scalar == Double)
  @_specialize(where Scalar == Dual)
  public func observe<Scalar: DynamicsScalar>(
    _ state: ScalarVector<Scalar>, into observation: UnsafeMutablePointer<Scalar>
  ) {
    observation[0] = state[0]
    observation[1] = state[1]
    observation[2] = state[2].cosine
    observation[3] = state[2].sine
    observation[4] = state[3]
  }

  /// The state that `observation` shows.
  public func state(fromObservation observation: UnsafePointer<Float>) -> SIMD4<Double> {
    SIMD4(
      Double(observation[0]), Double(observation[1]), atan2(Double(observation[3]), Double(observation[2])),
      Double(observation[4]))
  }
}

/// The reward of `CartPoleSwingUp` on observations.
public struct CartPoleSwingUpObjective: RewardFormula {
  public static var observationSize: Int { 5 }
  public static var actionSize: Int { 1 }
  public static var actionBound: Double { Double(CartPoleSwingUp.maximalAction) }
  public static var isOfNext: Bool { true }

  let actionCost: Float

  /// What an action costs.
  @inline(__always)
  func effort<Number: DynamicsScalar>(_ action: Number) -> Number { Double(actionCost) * action * action }

  public func reward<Number: ObservationScalar>(
    _ observation: LongScalarVector<Number>, _ action: ScalarVector<Number>
  ) -> Number {
    CartPoleSwingUp.closeness(position: observation[0], sine: observation[3], cosine: observation[2])
      - effort(action[0])
  }
}

extension CartPoleSwingUp {
  public var observationNames: [String] {
    ["cart position", "cart velocity", "cosine of the pole angle", "sine of the pole angle", "pole angular velocity"]
  }
}
