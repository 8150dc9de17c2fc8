#if MuJoCo

import Configuration
import Foundation
import Kernels

/// Settings of `SuiteHopper`.
public struct SuiteHopperSettings: MuJoCoSettings {
  @Setting("Model file, or a path") public var xmlFile: String? = nil
  @Setting("Integration steps for each action", in: 1...1000) public var frameSkip: Int = 4
  @Setting("Whether to hop forward, the task hop; otherwise to stand") public var hopping: Bool = true
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 1000

  /// The published task.
  public init() {}
}

/// Hop forward on one leg in a plane: the control suite's `hopper-hop`, with `hopping=false` `stand`. Observation:
/// positions but the first, velocities, ln(1 + force) of the sensors of touch at toe and heel.
public struct SuiteHopper: SuiteTask {
  public static let summary = "hop forward on one leg in a plane, from DeepMind's control suite (MuJoCo)"
  public static let editions: [(edition: Edition, name: String)] = [(.suite, "dmc-hopper-hop")]

  private let settings: SuiteHopperSettings
  private let layout: PoseObservation
  private let (torso, foot): (Int, Int)
  private let (speed, toe, heel): (Int, Int, Int)
  private let standing = Tolerance(bounds: 0.6...2)
  private let hopping = Tolerance(bounds: 2 ... .infinity, margin: 1, shape: .linear, valueAtMargin: 0.5)
  private let gentle = Tolerance(margin: 1, shape: .quadratic, valueAtMargin: 0)

  public static func modelFile(_ edition: Edition) -> String { "dm_control:hopper.xml" }

  public init(_ settings: SuiteHopperSettings, edition: Edition, model: MuJoCoModel) throws(MuJoCoError) {
    try model.require(positions: 1)
    self.settings = settings
    layout = PoseObservation(model, skipping: 1)
    torso = try model.body("torso")
    foot = try model.body("foot")
    speed = try model.sensor("torso_subtreelinvel")
    toe = try model.sensor("touch_toe")
    heel = try model.sensor("touch_heel")
  }

  public var observationSize: Int { layout.size + 2 }

  public func perturb(_ physics: Physics, using random: inout RandomStream) {
    physics.randomizeJoints(using: &random)
  }

  public func observe(_ physics: Physics, into observation: UnsafeMutablePointer<Double>) {
    layout.write(physics, to: observation)
    observation[layout.size] = log1p(physics.sensors[toe])
    observation[layout.size + 1] = log1p(physics.sensors[heel])
  }

  public func reward(_ physics: Physics, action: UnsafePointer<Double>) -> Double {
    let stand = standing(physics.bodyCenter(torso)[2] - physics.bodyCenter(foot)[2])
    if settings.hopping { return stand * hopping(physics.sensors[speed]) }
    var control = 0.0
    for index in 0..<physics.controlSize { control += gentle(action[index]) }
    return stand * (control / Double(physics.controlSize) + 4) / 5
  }

  public func pose(_ physics: Physics, from observation: UnsafePointer<Float>) {
    layout.restore(physics, from: observation)
  }
}

#endif
