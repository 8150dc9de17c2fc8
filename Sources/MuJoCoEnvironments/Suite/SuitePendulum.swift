#if MuJoCo

import Configuration
import Foundation
import Kernels

/// Settings of `SuitePendulum`.
public struct SuitePendulumSettings: MuJoCoSettings {
  @Setting("Model file, or a path") public var xmlFile: String? = nil
  @Setting("Integration steps for each action", in: 1...1000) public var frameSkip: Int = 1
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 1000

  /// The published task.
  public init() {}
}

/// Swing a pendulum up with a weak motor: the control suite's `pendulum-swingup`. Observation: cosine and sine of the
/// angle, velocity. The reward is 1 within 8 degrees of upright, else 0.
public struct SuitePendulum: SuiteTask {
  public static let summary = "swing a pendulum up, from DeepMind's control suite (MuJoCo)"
  public static let editions: [(edition: Edition, name: String)] = [(.suite, "dmc-pendulum-swingup")]

  private let pole: Int
  private let upright = Tolerance(bounds: cos(8 * Double.pi / 180)...1)

  public static func modelFile(_ edition: Edition) -> String { "dm_control:pendulum.xml" }

  public init(_ settings: SuitePendulumSettings, edition: Edition, model: MuJoCoModel) throws(MuJoCoError) {
    guard model.positionSize == 1, model.velocitySize == 1 else {
      throw .unsuitable(file: model.file, problem: "the task needs one hinge")
    }
    pole = try model.body("pole")
  }

  public var observationSize: Int { 3 }

  public func perturb(_ physics: Physics, using random: inout RandomStream) {
    physics.positions[0] = random.uniformDouble(-.pi, .pi)
  }

  public func observe(_ physics: Physics, into observation: UnsafeMutablePointer<Double>) {
    observation[0] = physics.bodyRotation(pole, 2, 2)
    observation[1] = physics.bodyRotation(pole, 0, 2)
    observation[2] = physics.velocities[0]
  }

  public func reward(_ physics: Physics, action: UnsafePointer<Double>) -> Double {
    upright(physics.bodyRotation(pole, 2, 2))
  }

  public func pose(_ physics: Physics, from observation: UnsafePointer<Float>) {
    physics.positions[0] = atan2(Double(observation[1]), Double(observation[0]))
    physics.velocities[0] = Double(observation[2])
  }
}

#endif
