#if MuJoCo

import Configuration
import Foundation
import Kernels

/// Settings of `SuiteWalker`.
public struct SuiteWalkerSettings: MuJoCoSettings {
  @Setting("Model file, or a path") public var xmlFile: String? = nil
  @Setting("Integration steps for each action", in: 1...1000) public var frameSkip: Int = 10
  @Setting("Speed in m/s to walk at: 0 is the task stand, 1 walk, 8 run", in: 0...1000) public var moveSpeed: Double = 1
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 1000

  /// The published task.
  public init() {}
}

/// Walk upright in a plane: the control suite's `walker-walk`, with other speeds `stand` and `run`. Observation: cosine
/// and sine of the lean of the seven bodies, height of the torso, velocities.
public struct SuiteWalker: SuiteTask {
  public static let summary = "walk upright in a plane, from DeepMind's control suite (MuJoCo)"
  public static let editions: [(edition: Edition, name: String)] = [(.suite, "dmc-walker-walk")]

  private let settings: SuiteWalkerSettings
  private let bodies: Int
  private let velocities: Int
  /// Which way the joints of the legs turn.
  private let signs: [Double]
  private let torso: Int
  private let speed: Int
  private let standing = Tolerance(bounds: 1.2 ... .infinity, margin: 0.6)
  private let moving: Tolerance

  public static func modelFile(_ edition: Edition) -> String { "dm_control:walker.xml" }

  public init(_ settings: SuiteWalkerSettings, edition: Edition, model: MuJoCoModel) throws(MuJoCoError) {
    guard model.positionSize == 9, model.velocitySize == 9, model.bodyCount == 8 else {
      throw .unsuitable(file: model.file, problem: "the task needs seven bodies with nine joints")
    }
    self.settings = settings
    (bodies, velocities) = (model.bodyCount, model.velocitySize)
    signs = (0..<6).map { model.jointAxis(3 + $0)[1] < 0 ? -1 : 1 }
    torso = try model.body("torso")
    speed = try model.sensor("torso_subtreelinvel")
    moving = Tolerance(
      bounds: settings.moveSpeed ... .infinity, margin: settings.moveSpeed / 2, shape: .linear, valueAtMargin: 0.5)
  }

  public var observationSize: Int { 2 * (bodies - 1) + 1 + velocities }

  public func perturb(_ physics: Physics, using random: inout RandomStream) {
    physics.randomizeJoints(using: &random)
  }

  public func observe(_ physics: Physics, into observation: UnsafeMutablePointer<Double>) {
    for body in 1..<bodies {
      observation[2 * body - 2] = physics.bodyRotation(body, 0, 0)
      observation[2 * body - 1] = physics.bodyRotation(body, 0, 2)
    }
    observation[2 * (bodies - 1)] = physics.bodyPosition(torso)[2]
    (observation + 2 * (bodies - 1) + 1).update(from: physics.velocities, count: velocities)
  }

  public func reward(_ physics: Physics, action: UnsafePointer<Double>) -> Double {
    let upright = (1 + physics.bodyRotation(torso, 2, 2)) / 2
    let stand = (3 * standing(physics.bodyPosition(torso)[2]) + upright) / 4
    guard settings.moveSpeed > 0 else { return stand }
    return stand * (5 * moving(physics.sensors[speed]) + 1) / 6
  }

  /// Joints in the order of the model: height, place, lean, then hip, knee and ankle of either leg, which turn their
  /// body relative to the one before.
  public func pose(_ physics: Physics, from observation: UnsafePointer<Float>) {
    func lean(_ body: Int) -> Double { atan2(Double(observation[2 * body - 1]), Double(observation[2 * body - 2])) }
    physics.positions[0] = Double(observation[2 * (bodies - 1)]) - 1.3
    physics.positions[1] = 0
    physics.positions[2] = lean(1)
    for leg in 0..<2 {
      var above = lean(1)
      for part in 0..<3 {
        let here = lean(2 + 3 * leg + part)
        physics.positions[3 + 3 * leg + part] = signs[3 * leg + part] * remainder(here - above, 2 * .pi)
        above = here
      }
    }
    for index in 0..<velocities { physics.velocities[index] = Double(observation[2 * (bodies - 1) + 1 + index]) }
  }
}

#endif
