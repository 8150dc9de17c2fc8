import ControlTasks

/// Equations of motion of a planar arm of three uniform rods without gravity, its joints damped and driven by torques.
///
/// In the links' angles against the x axis, θ_i = q_1 + ... + q_i, the kinetic energy is
/// T = Σ_ij h_ij cos(θ_i - θ_j) θ̇_i θ̇_j / 2, with the constants h_ii = I_i + m_i l_i²/4 + l_i² Σ_{k>i} m_k and
/// h_ij = l_i (m_j l_j/2 + l_j Σ_{k>j} m_k) for i < j, and I_i = m_i l_i²/12. Lagrange's equations are
///
///     Σ_j h_ij (cos(θ_i - θ_j) θ̈_j + sin(θ_i - θ_j) θ̇_j²) = Q_i,    Q_i = (τ_i - b q̇_i) - (τ_{i+1} - b q̇_{i+1})
///
/// as joint i turns link i against the one before it (Q_3 has the first part alone).
package struct PlanarArmDynamics: Sendable {
  /// The links.
  package static let lengths = [0.4, 0.35, 0.25]
  /// In kg.
  package static let masses = [1.5, 1.0, 0.6]

  /// b, in N m s.
  package let damping: Double
  /// h [3, 3], in kg m².
  private let inertias: InlineArray<9, Double>

  package init(damping: Double) {
    self.damping = damping
    let (l, m) = (Self.lengths, Self.masses)
    var h = InlineArray<9, Double>(repeating: 0)
    for i in 0..<3 {
      for j in i..<3 {
        let beyond = m[(j + 1)...].reduce(0, +)
        let value = l[i] * l[j] * (beyond + (i == j ? m[j] / 3 : m[j] / 2))  // m/12 + m/4 = m/3
        h[3 * i + j] = value
        h[3 * j + i] = value
      }
    }
    inertias = h
  }

  /// Time derivative of (q, q̇) under the torques in the first three components of `action`.
  @inline(__always)
  package func derivative<Vector: StateVector>(of state: Vector, under action: Vector) -> Vector {
    typealias Number = Vector.Scalar
    let speeds = (state[3], state[3] + state[4], state[3] + state[4] + state[5])
    // joint torques less damping, then Q
    let torque0 = action[0] - damping * state[3]
    let torque1 = action[1] - damping * state[4]
    let torque2 = action[2] - damping * state[5]
    // θ_2 - θ_1 = q_2, θ_3 - θ_2 = q_3
    let bent = state[1] + state[2]
    let (s01, c01, s12, c12) = (state[1].sine, state[1].cosine, state[2].sine, state[2].cosine)
    let (s02, c02) = (bent.sine, bent.cosine)
    let (h01, h02, h12) = (inertias[1], inertias[2], inertias[5])
    let (w0, w1, w2) = (speeds.0.squared, speeds.1.squared, speeds.2.squared)
    let right0 = torque0 - torque1 + h01 * (s01 * w1) + h02 * (s02 * w2)
    let right1 = torque1 - torque2 - h01 * (s01 * w0) + h12 * (s12 * w2)
    let right2 = torque2 - h02 * (s02 * w0) - h12 * (s12 * w1)
    // LDLᵀ of h_ij cos(θ_i - θ_j)
    let (d0, m10, m20, m21) = (Number(inertias[0]), h01 * c01, h02 * c02, h12 * c12)
    let (l10, l20) = (m10 / d0, m20 / d0)
    let d1 = Number(inertias[4]) - l10 * m10
    let l21 = (m21 - l20 * m10) / d1
    let d2 = Number(inertias[8]) - l20 * m20 - l21 * l21 * d1
    let y1 = right1 - l10 * right0
    let y2 = right2 - l20 * right0 - l21 * y1
    let a2 = y2 / d2
    let a1 = y1 / d1 - l21 * a2
    let a0 = right0 / d0 - l10 * a1 - l20 * a2
    var derivative = Vector()
    for joint in 0..<3 { derivative[joint] = state[joint + 3] }
    derivative[3] = a0
    derivative[4] = a1 - a0
    derivative[5] = a2 - a1
    return derivative
  }

  /// Kinetic energy of (q, q̇), in J.
  package func energy(of state: SIMD8<Double>) -> Double {
    var (angles, speeds) = (SIMD3(state[0], state[1], state[2]), SIMD3(state[3], state[4], state[5]))
    for index in 1..<3 {
      angles[index] += angles[index - 1]
      speeds[index] += speeds[index - 1]
    }
    var sum = 0.0
    for i in 0..<3 {
      for j in 0..<3 { sum += inertias[3 * i + j] * (angles[i] - angles[j]).cosine * speeds[i] * speeds[j] / 2 }
    }
    return sum
  }
}
