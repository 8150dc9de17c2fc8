#if MuJoCo

import Configuration
import Interfaces
import Kernels

/// Settings of `Swimmer`.
public struct SwimmerSettings: MuJoCoSettings {
  @Setting("Model file of Gymnasium, or a path") public var xmlFile: String? = nil
  @Setting("Integration steps for each action", in: 1...1000) public var frameSkip: Int = 4
  @Setting("Reward for 1 m/s along x") public var forwardRewardWeight: Double = 1
  @Setting("Cost of a squared unit of action") public var ctrlCostWeight: Double = 1e-4
  @Setting("Bound of the uniform noise of start positions and velocities", in: 0...10)
  public var resetNoiseScale: Double = 0.1
  @Setting("Whether the position in the plane is left out of observations")
  public var excludeCurrentPositionsFromObservation: Bool = true
  @Setting("Give planners the reward with the velocity at the end of a step for the mean velocity over it")
  public var approximateObjective: Bool = false
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 1000

  /// The published task.
  public init() {}
}

/// Swim forward with three links in a viscous plane; never terminates: `Swimmer`. Observation: positions but the first
/// two, and velocities. `-v4` and `-v5` are the same.
///
/// The objective knows the reward where the position is observed: it is for the distance covered.
public struct Swimmer: MuJoCoTask {
  public static let summary = "swim forward with three links (MuJoCo)"
  public static let editions: [(edition: Edition, name: String)] = [(.v5, "Swimmer-v5"), (.v4, "Swimmer-v4")]

  private let layout: PoseObservation
  private let duration: Double
  private let settings: SwimmerSettings

  public static func modelFile(_ edition: Edition) -> String { "swimmer.xml" }

  public init(_ settings: SwimmerSettings, edition: Edition, model: MuJoCoModel) throws(MuJoCoError) {
    try model.require(positions: 3, velocities: 1)
    layout = PoseObservation(model, skipping: settings.excludeCurrentPositionsFromObservation ? 2 : 0)
    duration = model.timeStep * Double(settings.frameSkip)
    self.settings = settings
  }

  public var observationSize: Int { layout.size }

  public func perturb(_ physics: Physics, using random: inout RandomStream) {
    physics.addUniformNoise(settings.resetNoiseScale, using: &random)
  }

  public func mark(_ physics: Physics) -> Double { physics.positions[0] }

  public func observe(_ physics: Physics, before: Double, into observation: UnsafeMutablePointer<Double>) {
    layout.write(physics, to: observation)
  }

  public func score(
    _ physics: Physics, before: Double, after: Double, action: UnsafePointer<Double>
  ) -> (reward: Double, terminated: Bool) {
    let cost = settings.ctrlCostWeight * sumOfSquares(action, physics.controlSize)
    return (settings.forwardRewardWeight * ((after - before) / duration) - cost, false)
  }

  public func objective(low: [Float], high: [Float]) -> (any Objective)? {
    let forward: ForwardMotion =
      if layout.skipped == 0 {
        .displacement(index: 0, duration: duration)
      } else if settings.approximateObjective {
        .velocity(index: layout.positions - layout.skipped)
      } else {
        .unknown
      }
    return LocomotionObjective(
      observationSize: layout.size, low: low, high: high, forward: forward,
      forwardWeight: settings.forwardRewardWeight, controlWeight: settings.ctrlCostWeight, survival: .none,
      heightIndex: 0)
  }

  public func pose(_ physics: Physics, from observation: UnsafePointer<Float>) {
    layout.restore(physics, from: observation)
  }
}

#endif
