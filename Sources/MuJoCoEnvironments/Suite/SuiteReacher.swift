#if MuJoCo

import CMuJoCo
import Configuration
import Foundation
import Kernels

/// Settings of `SuiteReacher`.
public struct SuiteReacherSettings: MuJoCoSettings {
  @Setting("Model file, or a path") public var xmlFile: String? = nil
  @Setting("Integration steps for each action", in: 1...1000) public var frameSkip: Int = 1
  @Setting("Radius of the target in m: 0.05 is the easy task, 0.015 the hard one", in: 0...1)
  public var targetSize: Double = 0.05
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 1000

  /// The published task.
  public init() {}
}

/// Bring the tip of a two-link arm onto a target: the control suite's `reacher-easy`, with `target_size=0.015` `hard`.
///
/// Observation: the two angles, the vector from tip to target, the two velocities. The reward is 1 where the tip
/// touches the target, else 0. The model's target stays where it is; the episode's is a number of the simulation's own,
/// so drawings show it in the wrong place.
public struct SuiteReacher: SuiteTask {
  public static let summary = "bring a two-link arm onto a target, from DeepMind's control suite (MuJoCo)"
  public static let editions: [(edition: Edition, name: String)] = [(.suite, "dmc-reacher-easy")]
  /// x and y of the target.
  public static let ownNumberCount = 2

  private let finger: Int
  private let touch: Tolerance

  public static func modelFile(_ edition: Edition) -> String { "dm_control:reacher.xml" }

  public init(_ settings: SuiteReacherSettings, edition: Edition, model: MuJoCoModel) throws(MuJoCoError) {
    guard model.positionSize == 2, model.velocitySize == 2 else {
      throw .unsuitable(file: model.file, problem: "the task needs two hinges")
    }
    finger = try model.geometry("finger")
    touch = Tolerance(bounds: 0...settings.targetSize + model.pointer.pointee.geom_size[3 * finger])
  }

  public var observationSize: Int { 6 }

  public func perturb(_ physics: Physics, using random: inout RandomStream) {
    physics.randomizeJoints(using: &random)
    let angle = random.uniformDouble(0, 2 * .pi)
    let radius = random.uniformDouble(0.05, 0.20)
    physics.ownNumbers[0] = radius * sin(angle)
    physics.ownNumbers[1] = radius * cos(angle)
  }

  public func observe(_ physics: Physics, into observation: UnsafeMutablePointer<Double>) {
    let way = toTarget(physics)
    for index in 0..<2 {
      observation[index] = physics.positions[index]
      observation[2 + index] = way[index]
      observation[4 + index] = physics.velocities[index]
    }
  }

  public func reward(_ physics: Physics, action: UnsafePointer<Double>) -> Double {
    let way = toTarget(physics)
    return touch((way * way).sum().squareRoot())
  }

  private func toTarget(_ physics: Physics) -> SIMD2<Double> {
    let (tip, target) = (physics.geometryPosition(finger), physics.ownNumbers)
    return SIMD2(target[0] - tip[0], target[1] - tip[1])
  }

  public func pose(_ physics: Physics, from observation: UnsafePointer<Float>) {
    for index in 0..<2 {
      physics.positions[index] = Double(observation[index])
      physics.velocities[index] = Double(observation[4 + index])
    }
    mj_kinematics(physics.model, physics.data)
    let tip = physics.geometryPosition(finger)
    for index in 0..<2 { physics.ownNumbers[index] = tip[index] + Double(observation[2 + index]) }
  }
}

#endif
