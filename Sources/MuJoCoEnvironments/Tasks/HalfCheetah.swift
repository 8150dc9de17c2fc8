#if MuJoCo

import Configuration
import Interfaces
import Kernels

/// Settings of `HalfCheetah`.
public struct HalfCheetahSettings: MuJoCoSettings {
  @Setting("Model file of Gymnasium, or a path") public var xmlFile: String? = nil
  @Setting("Integration steps for each action", in: 1...1000) public var frameSkip: Int = 5
  @Setting("Reward for 1 m/s forward") public var forwardRewardWeight: Double = 1
  @Setting("Cost of a squared unit of action") public var ctrlCostWeight: Double = 0.1
  @Setting("Bound of the uniform noise of start positions, and standard deviation of that of velocities", in: 0...10)
  public var resetNoiseScale: Double = 0.1
  @Setting("Whether the position along the track is left out of observations")
  public var excludeCurrentPositionsFromObservation: Bool = true
  @Setting("Give planners the reward with the velocity at the end of a step for the mean velocity over it")
  public var approximateObjective: Bool = false
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 1000

  /// The published task.
  public init() {}
}

/// Run forward on two legs in a plane; never terminates: `HalfCheetah`. Observation: positions but the first, and
/// velocities. `-v4` and `-v5` are the same.
///
/// The objective knows the reward where the position is observed: it is for the distance covered.
public struct HalfCheetah: PlanarTask {
  public static let summary = "run forward on two legs in a plane (MuJoCo)"
  public static let editions: [(edition: Edition, name: String)] = [(.v5, "HalfCheetah-v5"), (.v4, "HalfCheetah-v4")]

  public let walk: PlanarWalk

  public static func modelFile(_ edition: Edition) -> String { "half_cheetah.xml" }

  public init(_ settings: HalfCheetahSettings, edition: Edition, model: MuJoCoModel) throws(MuJoCoError) {
    walk = try PlanarWalk(
      model, frameSkip: settings.frameSkip, skips: settings.excludeCurrentPositionsFromObservation,
      forwardWeight: settings.forwardRewardWeight, controlWeight: settings.ctrlCostWeight, survival: .none,
      noise: settings.resetNoiseScale, approximates: settings.approximateObjective)
  }

  public func perturb(_ physics: Physics, using random: inout RandomStream) {
    physics.addMixedNoise(walk.noise, using: &random)
  }
}

#endif
