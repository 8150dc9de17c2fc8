#if MuJoCo

/// Observations of positions and velocities: all but the first `skipped` positions, then all velocities, clipped to
/// ±`velocityLimit`.
struct PoseObservation: Sendable {
  /// Leading positions that are left out: where the body is, which neither dynamics nor rewards depend on.
  let skipped: Int
  var velocityLimit = Double.infinity
  let positions: Int
  let velocities: Int

  init(_ model: MuJoCoModel, skipping skipped: Int, velocityLimit: Double = .infinity) {
    self.skipped = skipped
    self.velocityLimit = velocityLimit
    positions = model.positionSize
    velocities = model.velocitySize
  }

  /// Doubles written.
  var size: Int { positions - skipped + velocities }

  @inline(__always)
  func write(_ physics: Physics, to observation: UnsafeMutablePointer<Double>) {
    let (position, velocity) = (physics.positions, physics.velocities)
    for index in skipped..<positions { observation[index - skipped] = position[index] }
    let target = observation + positions - skipped
    for index in 0..<velocities { target[index] = min(max(velocity[index], -velocityLimit), velocityLimit) }
  }

  /// The opposite, with zeros for what was left out.
  func restore(_ physics: Physics, from observation: UnsafePointer<Float>) {
    let (position, velocity) = (physics.positions, physics.velocities)
    for index in 0..<skipped { position[index] = 0 }
    for index in skipped..<positions { position[index] = Double(observation[index - skipped]) }
    let source = observation + positions - skipped
    for index in 0..<velocities { velocity[index] = Double(source[index]) }
  }
}

#endif
