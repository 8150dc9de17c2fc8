#if MuJoCo

import Configuration
import Interfaces
import Kernels

/// Settings of `Hopper`.
public struct HopperSettings: MuJoCoSettings {
  @Setting("Model file of Gymnasium, or a path") public var xmlFile: String? = nil
  @Setting("Integration steps for each action", in: 1...1000) public var frameSkip: Int = 4
  @Setting("Reward for 1 m/s forward") public var forwardRewardWeight: Double = 1
  @Setting("Cost of a squared unit of action") public var ctrlCostWeight: Double = 1e-3
  @Setting("Reward of a step in which the body is healthy") public var healthyReward: Double = 1
  @Setting("Whether an unhealthy body ends the episode") public var terminateWhenUnhealthy: Bool = true
  @Setting("Bounds of every healthy position and velocity beyond the first two") public var healthyStateRange:
    [Double] = [-100, 100]
  @Setting("Bounds of a healthy height of the torso in m; without the second there is no upper one")
  public var healthyZRange: [Double] = [0.7]
  @Setting("Bounds of a healthy lean of the torso in rad") public var healthyAngleRange: [Double] = [-0.2, 0.2]
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
    try requireBounds("healthy_state_range", healthyStateRange)
    try requireBounds("healthy_z_range", healthyZRange)
    try requireBounds("healthy_angle_range", healthyAngleRange)
  }
}

/// Hop forward on one leg without falling: `Hopper`. Observation: positions but the first, and velocities clipped to ±10.
///
/// The objective knows the termination, save that velocities beyond ±10, which are observed as ±10, may break
/// `healthyStateRange` unseen. It knows the reward where the position is observed: the reward is for the distance covered.
public struct Hopper: PlanarTask {
  public static let summary = "hop forward on one leg (MuJoCo)"
  public static let editions: [(edition: Edition, name: String)] = [(.v5, "Hopper-v5"), (.v4, "Hopper-v4")]

  public let walk: PlanarWalk

  public static func modelFile(_ edition: Edition) -> String { "hopper.xml" }

  public init(_ settings: HopperSettings, edition: Edition, model: MuJoCoModel) throws(MuJoCoError) {
    let health = Health(
      height: bounds(settings.healthyZRange), lean: bounds(settings.healthyAngleRange),
      state: bounds(settings.healthyStateRange))
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
