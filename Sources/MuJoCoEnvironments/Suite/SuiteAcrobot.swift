#if MuJoCo

import CMuJoCo
import Configuration
import Foundation
import Kernels

/// Settings of `SuiteAcrobot`.
public struct SuiteAcrobotSettings: MuJoCoSettings {
  @Setting("Model file, or a path") public var xmlFile: String? = nil
  @Setting("Integration steps for each action", in: 1...1000) public var frameSkip: Int = 1
  @Setting("Whether the reward is 1 at the target and 0 elsewhere") public var sparse: Bool = false
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 1000

  /// The published task.
  public init() {}
}

/// Swing a double pendulum up by its elbow: the control suite's `acrobot-swingup`, with `sparse=true` `swingup_sparse`.
/// Observation: sines of the two bodies' angles, their cosines, both velocities. The reward falls with the tip's
/// distance from the target.
public struct SuiteAcrobot: SuiteTask {
  public static let summary = "swing a double pendulum up by its elbow, from DeepMind's control suite (MuJoCo)"
  public static let editions: [(edition: Edition, name: String)] = [(.suite, "dmc-acrobot-swingup")]

  private let arms: (Int, Int)
  private let (tip, target): (Int, Int)
  private let near: Tolerance

  public static func modelFile(_ edition: Edition) -> String { "dm_control:acrobot.xml" }

  public init(_ settings: SuiteAcrobotSettings, edition: Edition, model: MuJoCoModel) throws(MuJoCoError) {
    guard model.positionSize == 2, model.velocitySize == 2 else {
      throw .unsuitable(file: model.file, problem: "the task needs two hinges")
    }
    arms = (try model.body("upper_arm"), try model.body("lower_arm"))
    tip = try model.site("tip")
    target = try model.site("target")
    near = Tolerance(
      bounds: 0...model.pointer.pointee.site_size[3 * target], margin: settings.sparse ? 0 : 1)
  }

  public var observationSize: Int { 6 }

  public func perturb(_ physics: Physics, using random: inout RandomStream) {
    for index in 0..<2 { physics.positions[index] = random.uniformDouble(-.pi, .pi) }
  }

  public func observe(_ physics: Physics, into observation: UnsafeMutablePointer<Double>) {
    observation[0] = physics.bodyRotation(arms.0, 0, 2)
    observation[1] = physics.bodyRotation(arms.1, 0, 2)
    observation[2] = physics.bodyRotation(arms.0, 2, 2)
    observation[3] = physics.bodyRotation(arms.1, 2, 2)
    for index in 0..<2 { observation[4 + index] = physics.velocities[index] }
  }

  public func reward(_ physics: Physics, action: UnsafePointer<Double>) -> Double {
    let (here, there) = (physics.sitePosition(tip), physics.sitePosition(target))
    var squares = 0.0
    for index in 0..<3 { squares += (there[index] - here[index]) * (there[index] - here[index]) }
    return near(squares.squareRoot())
  }

  public func pose(_ physics: Physics, from observation: UnsafePointer<Float>) {
    let upper = atan2(Double(observation[0]), Double(observation[2]))
    let lower = atan2(Double(observation[1]), Double(observation[3]))
    physics.positions[0] = upper
    physics.positions[1] = remainder(lower - upper, 2 * .pi)
    for index in 0..<2 { physics.velocities[index] = Double(observation[4 + index]) }
  }
}

#endif
