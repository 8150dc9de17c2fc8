#if MuJoCo

import CMuJoCo
import Configuration
import Kernels

/// Settings of `SuiteCheetah`.
public struct SuiteCheetahSettings: MuJoCoSettings {
  @Setting("Model file, or a path") public var xmlFile: String? = nil
  @Setting("Integration steps for each action", in: 1...1000) public var frameSkip: Int = 1
  @Setting("Speed in m/s from which on the reward is 1", in: 0.001...1000) public var runSpeed: Double = 10
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 1000

  /// The published task.
  public init() {}
}

/// Run forward on two legs in a plane: the control suite's `cheetah-run`. Observation: positions but the first,
/// velocities. The reward grows with the speed of the center of mass, up to 1 at 10 m/s.
public struct SuiteCheetah: SuiteTask {
  public static let summary = "run forward on two legs in a plane, from DeepMind's control suite (MuJoCo)"
  public static let editions: [(edition: Edition, name: String)] = [(.suite, "dmc-cheetah-run")]

  private let layout: PoseObservation
  private let speed: Int
  private let fast: Tolerance

  public static func modelFile(_ edition: Edition) -> String { "dm_control:cheetah.xml" }

  public init(_ settings: SuiteCheetahSettings, edition: Edition, model: MuJoCoModel) throws(MuJoCoError) {
    try model.require(positions: 1)
    layout = PoseObservation(model, skipping: 1)
    speed = try model.sensor("torso_subtreelinvel")
    fast = Tolerance(
      bounds: settings.runSpeed ... .infinity, margin: settings.runSpeed, shape: .linear, valueAtMargin: 0)
  }

  public var observationSize: Int { layout.size }

  /// Draws the joints, and lets the body fall and settle for 200 integration steps without control.
  public func perturb(_ physics: Physics, using random: inout RandomStream) {
    let (model, data) = (physics.model, physics.data)
    mj_forward(model, data)
    for joint in 0..<Int(model.pointee.njnt) where model.pointee.jnt_limited[joint] {
      let range = model.pointee.jnt_range + 2 * joint
      physics.positions[Int(model.pointee.jnt_qposadr[joint])] = random.uniformDouble(range[0], range[1])
    }
    // dm_control's first step has the forces of the pose before the draw
    mj_step2(model, data)
    for _ in 0..<199 { mj_step(model, data) }
    data.pointee.time = 0
  }

  public func observe(_ physics: Physics, into observation: UnsafeMutablePointer<Double>) {
    layout.write(physics, to: observation)
  }

  public func reward(_ physics: Physics, action: UnsafePointer<Double>) -> Double { fast(physics.sensors[speed]) }

  public func pose(_ physics: Physics, from observation: UnsafePointer<Float>) {
    layout.restore(physics, from: observation)
  }
}

#endif
