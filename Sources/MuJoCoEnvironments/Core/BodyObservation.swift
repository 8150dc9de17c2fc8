#if MuJoCo

/// What the humanoids observe of their bodies besides pose and velocity: inertias, velocities, forces of actuators, and
/// contact forces. `-v4` includes the world's and the root's, which are constants.
struct BodyObservation: Sendable {
  let inertias: Bool
  let velocities: Bool
  let actuators: Bool
  let contacts: Bool
  /// First body observed: 1 leaves out the world.
  let firstBody: Int
  /// First generalized force observed: 6 leaves out the root's.
  let firstForce: Int
  let bodies: Int
  let forces: Int

  /// No components of bodies.
  static func none(_ model: MuJoCoModel) -> BodyObservation {
    BodyObservation(
      inertias: false, velocities: false, actuators: false, contacts: false, firstBody: 1, firstForce: 6,
      bodies: model.bodyCount, forces: model.velocitySize)
  }

  /// Doubles written.
  var size: Int {
    let observed = bodies - firstBody
    return (inertias ? 10 * observed : 0) + (velocities ? 6 * observed : 0) + (actuators ? forces - firstForce : 0)
      + (contacts ? 6 * observed : 0)
  }

  @inline(__always)
  func write(_ physics: Physics, to observation: UnsafeMutablePointer<Double>) {
    var target = observation
    func append(_ source: UnsafePointer<Double>, _ count: Int) {
      target.update(from: source, count: count)
      target += count
    }
    let observed = bodies - firstBody
    if inertias { append(physics.inertias + 10 * firstBody, 10 * observed) }
    if velocities { append(physics.bodyVelocities + 6 * firstBody, 6 * observed) }
    if actuators { append(physics.actuatorForces + firstForce, forces - firstForce) }
    if contacts { append(physics.contactForces + 6 * firstBody, 6 * observed) }
  }
}

#endif
