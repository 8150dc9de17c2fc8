#if MuJoCo

import Configuration
import Interfaces
import Kernels

/// Settings of `Walker2d`.
public struct Walker2dSettings: MuJoCoSettings {
  @Setting("Model file of Gymnasium, or a path") public var xmlFile: String? = nil
  @Setting("Integration steps for each action", in: 1...1000) public var frameSkip: Int = 4
  @Setting("Reward for 1 m/s forward") public var forwardRewardWeight: Double = 1
  @Setting("Cost of a squared unit of action") public var ctrlCostWeight: Double = 1e-3
  @Setting("Reward of a step in which the body is healthy") public var healthyReward: Double = 1
  @Setting("Whether an unhealthy body ends the episode") public var terminateWhenUnhealthy: Bool = true
  @Setting("Bounds of a healthy height of the torso in m; without the second there is no upper one")
  public var healthyZRange: [Double] = [0.8, 2]
  @Setting("Bounds of a healthy lean of the torso in rad") public var healthyAngleRange: [Double] = [-1, 1]
  @Setting("Bound of the uniform noise of start positions and velocities", in: 0...10)
  public var resetNoiseScale: Double = 5e-3
  @Setting("Whether the position along the track is left out of observations")
  public var excludeCurrentPositionsFromObservation: Bool = true
  @Setting("Give planners the reward with the velocity at the end of a step for the mean velocity over it")
  public var approximateObjective: Bool = false
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 1000

  /// The published task.
  public init() {}

  public func validate() throws(ConfigurationError) {
    try requireBounds("healthy_z_range", healthyZRange)
    try requireBounds("healthy_angle_range", healthyAngleRange)
  }
}

/// Walk forward on two legs in a plane without falling: `Walker2d`. Observation: positions but the first, and velocities
/// clipped to ±10. `-v4` and `-v5` differ in the friction of the left foot, and in whether the last step of a fall earns
/// `healthyReward`.
///
/// The objective knows the termination, and the reward where the position is observed: it is for the distance covered.
public struct Walker2d: PlanarTask {
  public static let summary = "walk forward on two legs in a plane (MuJoCo)"
  public static let editions: [(edition: Edition, name: String)] = [(.v5, "Walker2d-v5"), (.v4, "Walker2d-v4")]

  public let walk: PlanarWalk

  public static func modelFile(_ edition: Edition) -> String { edition == .v4 ? "walker2d.xml" : "walker2d_v5.xml" }

  public init(_ settings: Walker2dSettings, edition: Edition, model: MuJoCoModel) throws(MuJoCoError) {
    let health = Health(height: bounds(settings.healthyZRange), lean: bounds(settings.healthyAngleRange))
    walk = try PlanarWalk(
      model, frameSkip: settings.frameSkip, skips: settings.excludeCurrentPositionsFromObservation, velocityLimit: 10,
      forwardWeight: settings.forwardRewardWeight, controlWeight: settings.ctrlCostWeight,
      survival: Survival(
        health: health, healthyReward: settings.healthyReward, terminates: settings.terminateWhenUnhealthy,
        paysLastStep: edition == .v4),
      noise: settings.resetNoiseScale, approximates: settings.approximateObjective)
  }

  public func perturb(_ physics: Physics, using random: inout RandomStream) {
    physics.addUniformNoise(walk.noise, using: &random)
  }
}

#endif
