/// A solid capsule of uniform density: a cylinder of `length` between two half balls of the same `radius`.
///
/// mass m = m_c + m_s with m_c = ρ π r² l (cylinder) and m_s = ρ (4/3) π r³ (the two half balls). The moment of inertia
/// about an axis through the center, across the capsule, is
/// I = m_c (l²/12 + r²/4) + m_s (2 r²/5 + l²/4 + 3 l r/8):
/// a half ball has its center of mass 3r/8 beyond its flat face and 83/320 m r² about it, which the parallel axis theorem
/// moves to the capsule's center.
struct Capsule {
  /// In kg.
  let mass: Double
  /// About a transverse axis through the center, in kg m².
  let inertia: Double

  /// Sizes in m, density in kg/m³.
  init(radius r: Double, length l: Double, density: Double) {
    let cylinder = density * .pi * r * r * l
    let ball = density * 4 / 3 * .pi * r * r * r
    mass = cylinder + ball
    inertia = cylinder * (l * l / 12 + r * r / 4) + ball * (2 * r * r / 5 + l * l / 4 + 3 * l * r / 8)
  }
}
