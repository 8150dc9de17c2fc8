import Foundation

/// Frictionless equations of motion of a cart of 1 kg with a pole, for states (position in m, velocity, angle in rad with 0
/// upright, angular velocity), as Barto, Sutton and Anderson (1983) have them: those of `CartPole`.
struct CartPoleDynamics {
  static let forceMagnitude = 10.0
  static let gravity = 9.8
  static let cartMass = 1.0

  /// In kg.
  let poleMass: Double
  /// From the hinge to the pole's center of mass, in m.
  let halfPoleLength: Double

  /// The state an explicit Euler step later; action 0 pushes to the left, 1 to the right.
  func successor(of state: SIMD4<Double>, under action: UnsafePointer<Float>) -> SIMD4<Double> {
    let force = Self.forceMagnitude * (2 * choice(action[0], of: 2) - 1)
    let (sine, cosine) = (sin(state[2]), cos(state[2]))
    let (totalMass, momentArm) = (Self.cartMass + poleMass, poleMass * halfPoleLength)
    let push = (force + momentArm * (state[3] * state[3]) * sine) / totalMass
    let angularAcceleration =
      (Self.gravity * sine - cosine * push)
      / (halfPoleLength * (4.0 / 3.0 - poleMass * (cosine * cosine) / totalMass))
    let acceleration = push - momentArm * angularAcceleration * cosine / totalMass
    return state + CartPole.timeStep * SIMD4(state[1], acceleration, state[3], angularAcceleration)
  }
}
