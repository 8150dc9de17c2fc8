import Environments
import Foundation
import Interfaces
import Kernels
import TestSupport
import Testing

/// The arm's equations of motion against conservation of energy and against Newton and Euler's.
@Suite struct PlanarArmTests {
  @Test func energyIsKept() {
    let arm = PlanarArmDynamics(damping: 0)
    var state = SIMD8<Double>(0.3, -0.8, 1.1, 2, -3, 4, 0, 0)
    let before = arm.energy(of: state)
    for _ in 0..<2000 { state = rungeKutta4(state, step: 0.001) { arm.derivative(of: $0, under: .zero) } }
    #expect(abs(arm.energy(of: state) / before - 1) < 1e-9, "\(before) J became \(arm.energy(of: state))")
    #expect(abs(state[3]) + abs(state[4]) > 0.1)
  }

  /// Work of the torques less that of the damping is what the energy gains.
  @Test func powerIsThatOfTorquesAndDamping() {
    let arm = PlanarArmDynamics(damping: 0.4)
    let state = SIMD8<Double>(0.3, -0.8, 1.1, 2, -3, 4, 0, 0)
    let torque = SIMD8<Double>(1, -2, 0.5, 0, 0, 0, 0, 0)
    let step = 1e-6
    let rate = arm.derivative(of: state, under: torque)
    let slope = (arm.energy(of: state + step * rate) - arm.energy(of: state - step * rate)) / (2 * step)
    var power = 0.0
    for joint in 0..<3 { power += (torque[joint] - 0.4 * state[joint + 3]) * state[joint + 3] }
    #expect(abs(slope - power) < 1e-6 * abs(power))
  }

  /// The recursive inverse dynamics, from accelerations back to the torques that were put in.
  @Test func recursionGivesTheTorquesBack() {
    let arm = PlanarArmDynamics(damping: 0.25)
    var random = RandomStream(seed: 4)
    for _ in 0..<20 {
      var (state, torque) = (SIMD8<Double>.zero, SIMD8<Double>.zero)
      for index in 0..<6 { state[index] = 2 * Double(random.normal()) }
      for index in 0..<3 { torque[index] = Double(random.normal()) }
      let rate = arm.derivative(of: state, under: torque)
      let found = Self.torques(state, accelerations: (0..<3).map { rate[$0 + 3] }, damping: 0.25)
      for joint in 0..<3 { #expect(abs(found[joint] - torque[joint]) < 1e-12) }
    }
  }

  /// Newton and Euler's recursion in the plane: motion outward, forces inward.
  private static func torques(_ state: SIMD8<Double>, accelerations: [Double], damping: Double) -> [Double] {
    let (lengths, masses) = (PlanarArmDynamics.lengths, PlanarArmDynamics.masses)
    var (angle, speed, spin) = (0.0, 0.0, 0.0)
    var base = SIMD2<Double>.zero  // acceleration of the link's joint
    var (inertial, moments, arms) = ([SIMD2<Double>](), [Double](), [SIMD2<Double>]())
    for link in 0..<3 {
      angle += state[link]
      speed += state[link + 3]
      spin += accelerations[link]
      let (along, across) = (SIMD2(cos(angle), sin(angle)), SIMD2(-sin(angle), cos(angle)))
      func acceleration(at distance: Double) -> SIMD2<Double> {
        base + distance * (spin * across - speed * speed * along)
      }
      inertial.append(masses[link] * acceleration(at: lengths[link] / 2))
      moments.append(masses[link] * lengths[link] * lengths[link] / 12 * spin)
      arms.append(lengths[link] * along)
      base = acceleration(at: lengths[link])
    }
    func cross(_ a: SIMD2<Double>, _ b: SIMD2<Double>) -> Double { a.x * b.y - a.y * b.x }
    var (force, moment, result) = (SIMD2<Double>.zero, 0.0, [Double](repeating: 0, count: 3))
    for link in (0..<3).reversed() {
      moment += moments[link] + cross(arms[link] / 2, inertial[link]) + cross(arms[link], force)
      force += inertial[link]
      result[link] = moment + damping * state[link + 3]
    }
    return result
  }
}
