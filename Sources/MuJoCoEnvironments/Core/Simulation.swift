#if MuJoCo

import CMuJoCo

/// One simulated world: owns MuJoCo's working memory for a model. One thread at a time.
final class Simulation: @unchecked Sendable {
  // Sendable: environments and rollouts hold it alone, and copy it before they mutate a shared one.
  let model: MuJoCoModel
  let data: UnsafeMutablePointer<mjData>
  /// The last observation before rounding, and the last action as controls.
  let observation: UnsafeMutablePointer<Double>
  let action: UnsafeMutablePointer<Double>
  let observationSize: Int

  init(_ model: MuJoCoModel, observationSize: Int) throws(MuJoCoError) {
    guard let data = mj_makeData(model.pointer) else {
      throw .unsuitable(file: model.file, problem: "there is not enough memory to simulate it")
    }
    self.model = model
    self.data = data
    self.observationSize = observationSize
    observation = .allocate(capacity: observationSize)
    observation.initialize(repeating: 0, count: observationSize)
    action = .allocate(capacity: model.controlSize)
    action.initialize(repeating: 0, count: model.controlSize)
  }

  /// An independent copy that goes on from the same point.
  init(copying other: Simulation) {
    guard let data = mj_copyData(nil, other.model.pointer, other.data) else {
      preconditionFailure("no memory for a copy of a simulation")
    }
    model = other.model
    self.data = data
    observationSize = other.observationSize
    observation = .allocate(capacity: observationSize)
    observation.initialize(from: other.observation, count: observationSize)
    action = .allocate(capacity: model.controlSize)
    action.initialize(from: other.action, count: model.controlSize)
  }

  deinit {
    mj_deleteData(data)
    observation.deallocate()
    action.deallocate()
  }

  var physics: Physics { Physics(model: model.pointer, data: data) }

  /// Back to the model's own pose, at rest.
  func reset() { mj_resetData(model.pointer, data) }

  /// Computes everything that follows from positions and velocities.
  func forward() { mj_forward(model.pointer, data) }

  /// Holds `action` for `frames` integration steps; `refreshing` then computes what follows from positions and
  /// velocities.
  @inline(__always)
  func step(frames: Int, contactForces: Bool, refreshing: Bool = false) {
    data.pointee.ctrl.update(from: action, count: model.controlSize)
    for _ in 0..<frames { mj_step(model.pointer, data) }
    if refreshing { mj_step1(model.pointer, data) }
    if contactForces { computeContactForces() }
  }

  /// Computes `Physics.contactForces`.
  func computeContactForces() { mj_rnePostConstraint(model.pointer, data) }

  /// What MuJoCo found wrong since the last `reset`, whereupon it went back to the initial pose; nil if all is well.
  var divergence: String? {
    for (kind, name) in [(mjWARN_BADQACC, "acceleration"), (mjWARN_BADQVEL, "velocity"), (mjWARN_BADQPOS, "position")]
    where foresight_mujoco_warnings(data, Int32(kind.rawValue)) > 0 {
      return "a \(name) is not finite or huge"
    }
    return nil
  }

  /// Whether `divergence` is something.
  var hasDiverged: Bool {
    foresight_mujoco_warnings(data, Int32(mjWARN_BADQACC.rawValue)) > 0
      || foresight_mujoco_warnings(data, Int32(mjWARN_BADQVEL.rawValue)) > 0
      || foresight_mujoco_warnings(data, Int32(mjWARN_BADQPOS.rawValue)) > 0
  }

  /// What the next steps follow from, the solver's warm start included.
  static let stateParts = Int32(mjSTATE_INTEGRATION.rawValue)

  /// Doubles in a saved state.
  var stateSize: Int { Int(mj_stateSize(model.pointer, Self.stateParts)) }

  /// Writes the state, [stateSize].
  func read(into state: UnsafeMutablePointer<Double>) { mj_getState(model.pointer, data, state, Self.stateParts) }

  /// Sets the state, [stateSize]; what is derived from it follows with the next step.
  func write(_ state: UnsafePointer<Double>) { mj_setState(model.pointer, data, state, Self.stateParts) }

  private static let physicsParts = Int32(mjSTATE_QPOS.rawValue | mjSTATE_QVEL.rawValue | mjSTATE_ACT.rawValue)

  /// Writes positions, velocities and activations, [nq + nv + na].
  func readPhysics(into state: UnsafeMutablePointer<Double>) {
    mj_getState(model.pointer, data, state, Self.physicsParts)
  }

  /// Sets positions, velocities and activations, [nq + nv + na].
  func writePhysics(_ state: UnsafePointer<Double>) { mj_setState(model.pointer, data, state, Self.physicsParts) }
}

#endif
