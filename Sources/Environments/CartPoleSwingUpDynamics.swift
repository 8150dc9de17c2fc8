import Foundation

/// Equations of motion of the cart and pole of `CartPoleSwingUp`, for states (x, ẋ, θ, θ̇).
///
/// Bodies (density 1000 kg/m³):
/// - cart: capsule of radius 0.1 m and length 0.2 m, M = 10.471976 kg; it slides along x and does not turn.
/// - pole: capsule of radius 0.049 m from the pivot to (0.001, 0, -0.6), so of length l = 0.60000083 m,
///   m = 5.0185916 kg, I = 0.18874977 kg m² about its center of mass, which lies c = l/2 from the pivot and is turned by
///   δ = atan(0.001/0.6) = 0.0016666651 rad from the vertical at θ = 0.
///
/// With φ = θ - δ the pole's center of mass is at (x - c sin φ, -c cos φ), so that
/// T = (M + m) ẋ²/2 - m c cos φ ẋ θ̇ + (I + m c²) θ̇²/2 and V = -m g c cos φ, and Lagrange's equations with the force F on
/// the cart and viscous damping b in both joints read
///
///     (M + m) ẍ - m c cos φ θ̈ = F - b ẋ - m c sin φ θ̇²
///     -m c cos φ ẍ + (I + m c²) θ̈ = -b θ̇ - m g c sin φ
package struct CartPoleSwingUpDynamics: Sendable {
  /// In m/s².
  package static let gravity = 9.81

  /// M + m, in kg.
  package let totalMass: Double
  /// m c, in kg m.
  package let moment: Double
  /// I + m c², about the pivot, in kg m².
  package let pivotInertia: Double
  /// δ, in rad.
  package let offset: Double
  /// b, in N s/m for the slide and N m s for the hinge.
  package let damping: Double

  /// The pole from the pivot to (0.001, 0, -`poleLength`), `poleDensity` in kg/m³.
  package init(damping: Double, poleLength: Double = CartPoleSwingUp.poleLength, poleDensity: Double = 1000) {
    let length = (poleLength * poleLength + 0.001 * 0.001).squareRoot()
    let cart = Capsule(radius: 0.1, length: 0.2, density: 1000)
    let pole = Capsule(radius: 0.049, length: length, density: poleDensity)
    totalMass = cart.mass + pole.mass
    moment = pole.mass * length / 2
    pivotInertia = pole.inertia + moment * length / 2
    offset = atan2(0.001, poleLength)
    self.damping = damping
  }

  /// Time derivative of `state` under `force` in N.
  @inline(__always)
  package func derivative<State: StateVector>(of state: State, force: State.Scalar) -> State {
    let lean = state[2] - State.Scalar(offset)
    let (sine, cosine) = (lean.sine, lean.cosine)
    let coupling = moment * cosine
    let push = force - damping * state[1] - moment * sine * state[3] * state[3]
    let torque = -damping * state[3] - (moment * Self.gravity) * sine
    let determinant = State.Scalar(totalMass * pivotInertia) - coupling * coupling
    var derivative = State()
    derivative[0] = state[1]
    derivative[1] = (pivotInertia * push + coupling * torque) / determinant
    derivative[2] = state[3]
    derivative[3] = (coupling * push + totalMass * torque) / determinant
    return derivative
  }

  /// The state a decision later under a constant `force` in N: Runge-Kutta steps, each followed by the stops.
  @inline(__always)
  func successor<State: StateVector>(of state: State, force: State.Scalar) -> State {
    var state = state
    for _ in 0..<CartPoleSwingUp.integrationsPerStep {
      state = rungeKutta4(state, step: CartPoleSwingUp.integrationStep) { derivative(of: $0, force: force) }
      state = stopped(state, at: CartPoleSwingUp.slideLimit)
    }
    return state
  }

  /// Kinetic and potential energy, in J; 0 potential at the height of the pivot.
  package func energy(of state: SIMD4<Double>) -> Double {
    let cosine = cos(state[2] - offset)
    return totalMass * state[1] * state[1] / 2 - moment * cosine * state[1] * state[3]
      + pivotInertia * state[3] * state[3] / 2 - moment * Self.gravity * cosine
  }

  /// The state after the cart has met a stop at ±`limit`: the cart at rest there, the pole with the angular momentum
  /// about the pivot, -m c cos φ ẋ + (I + m c²) θ̇, that it had. An inelastic impact: energy is never gained.
  @inline(__always)
  package func stopped<State: StateVector>(_ state: State, at limit: Double) -> State {
    guard state[0].value.magnitude > limit else { return state }
    let side = state[0].value < 0 ? -limit : limit
    var state = state
    state[0] = State.Scalar(side)
    guard state[1].value * side > 0 else { return state }
    let kick = moment * (state[2] - State.Scalar(offset)).cosine * state[1] / State.Scalar(pivotInertia)
    state[1] = State.Scalar(0)
    state[3] = state[3] - kick
    return state
  }
}
