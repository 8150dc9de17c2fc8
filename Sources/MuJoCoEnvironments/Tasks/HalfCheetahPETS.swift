#if MuJoCo

import Configuration
import Interfaces
import Kernels

/// Settings of `HalfCheetahPETS`.
public struct HalfCheetahPETSSettings: MuJoCoSettings {
  @Setting("Model file of Gymnasium, or a path") public var xmlFile: String? = nil
  @Setting("Integration steps for each action", in: 1...1000) public var frameSkip: Int = 5
  @Setting("Cost of a squared unit of action") public var ctrlCostWeight: Double = 0.1
  @Setting("Standard deviation of the noise of start positions and velocities", in: 0...10)
  public var resetNoiseScale: Double = 0.001
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 1000

  /// The published task.
  public init() {}
}

/// Half-cheetah as PETS has it (Chua et al., NeurIPS 2018): the mean forward velocity over the step takes the place of the
/// position in the observation, so that the reward, velocity less `ctrlCostWeight` times the squared action, is known.
///
/// Observation: (x_t - x_{t-1}) / 0.05 s, positions but the first, velocities; 18 numbers. Starts: normal noise of standard
/// deviation 0.001. Never terminates.
public struct HalfCheetahPETS: MuJoCoTask {
  public static let summary = "half-cheetah with the observation and reward of PETS (MuJoCo)"
  public static let editions: [(edition: Edition, name: String)] = [(.pets, "half-cheetah-pets")]

  private let layout: PoseObservation
  private let duration: Double
  private let controlWeight: Double
  private let noise: Double

  public static func modelFile(_ edition: Edition) -> String { "half_cheetah.xml" }

  public init(_ settings: HalfCheetahPETSSettings, edition: Edition, model: MuJoCoModel) throws(MuJoCoError) {
    try model.require(positions: 1)
    layout = PoseObservation(model, skipping: 1)
    duration = model.timeStep * Double(settings.frameSkip)
    controlWeight = settings.ctrlCostWeight
    noise = settings.resetNoiseScale
  }

  public var observationSize: Int { 1 + layout.size }

  public func perturb(_ physics: Physics, using random: inout RandomStream) {
    for index in 0..<physics.positionSize { physics.positions[index] += noise * Double(random.normal()) }
    for index in 0..<physics.velocitySize { physics.velocities[index] += noise * Double(random.normal()) }
  }

  public func mark(_ physics: Physics) -> Double { physics.positions[0] }

  public func observe(_ physics: Physics, before: Double, into observation: UnsafeMutablePointer<Double>) {
    observation[0] = (physics.positions[0] - before) / duration
    layout.write(physics, to: observation + 1)
  }

  public func score(
    _ physics: Physics, before: Double, after: Double, action: UnsafePointer<Double>
  ) -> (reward: Double, terminated: Bool) {
    ((after - before) / duration - controlWeight * sumOfSquares(action, physics.controlSize), false)
  }

  public func objective(low: [Float], high: [Float]) -> (any Objective)? {
    LocomotionObjective(
      observationSize: observationSize, low: low, high: high, forward: .velocity(index: 0), forwardWeight: 1,
      controlWeight: controlWeight, survival: .none, heightIndex: 0)
  }

  public func pose(_ physics: Physics, from observation: UnsafePointer<Float>) {
    layout.restore(physics, from: observation + 1)
  }
}

#endif
