#if MuJoCo

import Configuration
import Foundation
import Kernels

/// Settings of `SuiteCartPole`.
public struct SuiteCartPoleSettings: MuJoCoSettings {
  @Setting("Model file, or a path") public var xmlFile: String? = nil
  @Setting("Integration steps for each action", in: 1...1000) public var frameSkip: Int = 1
  @Setting("Whether the pole hangs at the start; otherwise it stands") public var swingUp: Bool = true
  @Setting("Whether the reward is 1 near the goal and 0 elsewhere") public var sparse: Bool = false
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 1000

  /// The published task.
  public init() {}
}

/// Swing a pole up on a cart and hold it in the middle: the control suite's `cartpole-swingup`, with other settings
/// `balance`, `balance_sparse` and `swingup_sparse`.
///
/// Observation: position, cosine and sine of the angle, both velocities. The reward is a product of how upright,
/// centered, gentle and slow the pole is.
public struct SuiteCartPole: SuiteTask {
  public static let summary = "swing a pole up on a cart, from DeepMind's control suite (MuJoCo)"
  public static let editions: [(edition: Edition, name: String)] = [(.suite, "dmc-cartpole-swingup")]

  private let settings: SuiteCartPoleSettings
  private let pole: Int
  private let centered = Tolerance(margin: 2)
  private let gentle = Tolerance(margin: 1, shape: .quadratic, valueAtMargin: 0)
  private let slow = Tolerance(margin: 5)
  private let inTheMiddle = Tolerance(bounds: -0.25...0.25)
  private let upright = Tolerance(bounds: 0.995...1)

  public static func modelFile(_ edition: Edition) -> String { "dm_control:cartpole.xml" }

  public init(_ settings: SuiteCartPoleSettings, edition: Edition, model: MuJoCoModel) throws(MuJoCoError) {
    guard model.positionSize == 2, model.velocitySize == 2 else {
      throw .unsuitable(file: model.file, problem: "the task needs a slider and a hinge")
    }
    self.settings = settings
    pole = try model.body("pole_1")
  }

  public var observationSize: Int { 5 }

  public func perturb(_ physics: Physics, using random: inout RandomStream) {
    if settings.swingUp {
      physics.positions[0] = 0.01 * Double(random.normal())
      physics.positions[1] = .pi + 0.01 * Double(random.normal())
    } else {
      physics.positions[0] = random.uniformDouble(-0.1, 0.1)
      physics.positions[1] = random.uniformDouble(-0.034, 0.034)
    }
    for index in 0..<2 { physics.velocities[index] = 0.01 * Double(random.normal()) }
  }

  public func observe(_ physics: Physics, into observation: UnsafeMutablePointer<Double>) {
    observation[0] = physics.positions[0]
    observation[1] = physics.bodyRotation(pole, 2, 2)
    observation[2] = physics.bodyRotation(pole, 0, 2)
    observation[3] = physics.velocities[0]
    observation[4] = physics.velocities[1]
  }

  public func reward(_ physics: Physics, action: UnsafePointer<Double>) -> Double {
    let (place, cosine) = (physics.positions[0], physics.bodyRotation(pole, 2, 2))
    if settings.sparse { return inTheMiddle(place) * upright(cosine) }
    return (cosine + 1) / 2 * ((4 + gentle(action[0])) / 5) * ((1 + slow(physics.velocities[1])) / 2)
      * ((1 + centered(place)) / 2)
  }

  public func pose(_ physics: Physics, from observation: UnsafePointer<Float>) {
    physics.positions[0] = Double(observation[0])
    physics.positions[1] = atan2(Double(observation[2]), Double(observation[1]))
    for index in 0..<2 { physics.velocities[index] = Double(observation[3 + index]) }
  }
}

#endif
