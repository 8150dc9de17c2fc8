#if MuJoCo

import CMuJoCo

/// A view of one simulation's numbers, which tasks read and write. It does not own them and must not be kept.
///
/// After a step, positions and velocities are those at its end, while everything derived from them (`bodyPosition`,
/// `massCenter`, inertias, forces) is as the integrator left it: from its last evaluation of the dynamics, shortly
/// before the end. Gymnasium's observations and rewards have that lag too.
public struct Physics {
  let model: UnsafeMutablePointer<mjModel>
  let data: UnsafeMutablePointer<mjData>

  /// Generalized positions, [nq].
  public var positions: UnsafeMutablePointer<Double> { data.pointee.qpos }
  /// Generalized velocities, [nv].
  public var velocities: UnsafeMutablePointer<Double> { data.pointee.qvel }
  /// Numbers in a position, nq.
  public var positionSize: Int { Int(model.pointee.nq) }
  /// Degrees of freedom, nv.
  public var velocitySize: Int { Int(model.pointee.nv) }
  /// Controls, nu.
  public var controlSize: Int { Int(model.pointee.nu) }
  /// Bodies, the world included.
  public var bodyCount: Int { Int(model.pointee.nbody) }

  /// Origin of a body's frame in world coordinates, [3], in m.
  public func bodyPosition(_ body: Int) -> UnsafePointer<Double> { UnsafePointer(data.pointee.xpos + 3 * body) }
  /// Position of a site in world coordinates, [3], in m.
  public func sitePosition(_ site: Int) -> UnsafePointer<Double> { UnsafePointer(data.pointee.site_xpos + 3 * site) }
  /// Inertias of the bodies about the center of mass, [nbody, 10].
  public var inertias: UnsafePointer<Double> { UnsafePointer(data.pointee.cinert) }
  /// Velocities of the bodies about the center of mass, [nbody, 6].
  public var bodyVelocities: UnsafePointer<Double> { UnsafePointer(data.pointee.cvel) }
  /// Generalized forces of the actuators, [nv].
  public var actuatorForces: UnsafePointer<Double> { UnsafePointer(data.pointee.qfrc_actuator) }
  /// Generalized forces of the constraints, [nv].
  public var constraintForces: UnsafePointer<Double> { UnsafePointer(data.pointee.qfrc_constraint) }
  /// External forces on the bodies, [nbody, 6]; computed for tasks with `readsContactForces`, zeros after a reset.
  public var contactForces: UnsafePointer<Double> { UnsafePointer(data.pointee.cfrc_ext) }

  /// x of the center of mass of everything, in m.
  public var massCenter: Double {
    let (mass, position) = (model.pointee.body_mass, data.pointee.xipos)
    guard let mass, let position else { return 0 }
    var (moment, total) = (0.0, 0.0)
    for body in 0..<bodyCount {
      moment += mass[body] * position[3 * body]
      total += mass[body]
    }
    return moment / total
  }
}

#endif
