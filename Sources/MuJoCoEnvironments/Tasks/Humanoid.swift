#if MuJoCo

import Configuration
import Interfaces
import Kernels

/// Settings of `Humanoid`.
public struct HumanoidSettings: MuJoCoSettings {
  @Setting("Model file of Gymnasium, or a path") public var xmlFile: String? = nil
  @Setting("Integration steps for each action", in: 1...1000) public var frameSkip: Int = 5
  @Setting("Reward for 1 m/s of the center of mass along x") public var forwardRewardWeight: Double = 1.25
  @Setting("Cost of a squared unit of action") public var ctrlCostWeight: Double = 0.1
  @Setting("Cost of a squared unit of contact force; Humanoid-v4 has none") public var contactCostWeight: Double = 5e-7
  @Setting("Most that contact forces may cost in a step", in: 0...) public var contactCostMaximum: Double = 10
  @Setting("Reward of a step in which the body is healthy") public var healthyReward: Double = 5
  @Setting("Whether an unhealthy body ends the episode") public var terminateWhenUnhealthy: Bool = true
  @Setting("Bounds of a healthy height of the torso in m; without the second there is no upper one")
  public var healthyZRange: [Double] = [1, 2]
  @Setting("Bound of the uniform noise of start positions and velocities", in: 0...10)
  public var resetNoiseScale: Double = 0.01
  @Setting("Whether the position in the plane is left out of observations")
  public var excludeCurrentPositionsFromObservation: Bool = true
  @Setting("Whether the bodies' inertias are observed") public var includeCinertInObservation: Bool = true
  @Setting("Whether the bodies' velocities are observed") public var includeCvelInObservation: Bool = true
  @Setting("Whether the actuators' forces are observed") public var includeQfrcActuatorInObservation: Bool = true
  @Setting("Whether contact forces are observed") public var includeCfrcExtInObservation: Bool = true
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 1000

  /// The published task.
  public init() {}

  public func validate() throws(ConfigurationError) { try requireBounds("healthy_z_range", healthyZRange) }
}

/// Walk on two legs in three dimensions: `Humanoid`, and MBPO's `HumanoidTruncatedObs`.
///
/// Observation: positions but the first two, velocities, and unless they are left out the bodies' inertias, velocities, and
/// the forces of actuators and contacts. Over when the torso is too low or too high. `-v4` also observes the constants of
/// the world and the root, charges nothing for contacts, and pays `healthyReward` for the last step too.
/// `HumanoidTruncatedObs` observes positions and velocities alone, charges for contacts, and pays for the last step
/// (Janner et al., "When to trust your model", NeurIPS 2019; with the MuJoCo of that time contact forces were zero).
///
/// The objective knows the termination alone: the reward is for the way of the center of mass.
public struct Humanoid: MuJoCoTask {
  public static let summary = "walk on two legs (MuJoCo)"
  public static let editions: [(edition: Edition, name: String)] = [
    (.v5, "Humanoid-v5"), (.v4, "Humanoid-v4"), (.mbpo, "HumanoidTruncatedObs"),
  ]

  private let layout: PoseObservation
  private let bodies: BodyObservation
  private let duration: Double
  private let settings: HumanoidSettings
  private let chargesContacts: Bool
  private let survival: Survival

  public static func modelFile(_ edition: Edition) -> String { "humanoid.xml" }

  public static func defaults(_ edition: Edition) -> HumanoidSettings {
    var settings = HumanoidSettings()
    guard edition == .mbpo else { return settings }
    settings.includeCinertInObservation = false
    settings.includeCvelInObservation = false
    settings.includeQfrcActuatorInObservation = false
    settings.includeCfrcExtInObservation = false
    return settings
  }

  public init(_ settings: HumanoidSettings, edition: Edition, model: MuJoCoModel) throws(MuJoCoError) {
    try model.require(positions: 3, velocities: 6)
    layout = PoseObservation(model, skipping: settings.excludeCurrentPositionsFromObservation ? 2 : 0)
    bodies = BodyObservation(
      inertias: settings.includeCinertInObservation, velocities: settings.includeCvelInObservation,
      actuators: settings.includeQfrcActuatorInObservation, contacts: settings.includeCfrcExtInObservation,
      firstBody: edition == .v4 ? 0 : 1, firstForce: edition == .v4 ? 0 : 6, bodies: model.bodyCount,
      forces: model.velocitySize)
    duration = model.timeStep * Double(settings.frameSkip)
    self.settings = settings
    chargesContacts = edition != .v4
    survival = Survival(
      health: Health(height: bounds(settings.healthyZRange)), healthyReward: settings.healthyReward,
      terminates: settings.terminateWhenUnhealthy, paysLastStep: edition != .v5)
  }

  public var observationSize: Int { layout.size + bodies.size }
  public var readsContactForces: Bool { chargesContacts || bodies.contacts }

  public func perturb(_ physics: Physics, using random: inout RandomStream) {
    physics.addUniformNoise(settings.resetNoiseScale, using: &random)
  }

  public func mark(_ physics: Physics) -> Double { physics.massCenter }

  public func observe(_ physics: Physics, before: Double, into observation: UnsafeMutablePointer<Double>) {
    layout.write(physics, to: observation)
    bodies.write(physics, to: observation + layout.size)
  }

  public func score(
    _ physics: Physics, before: Double, after: Double, action: UnsafePointer<Double>
  ) -> (reward: Double, terminated: Bool) {
    let life = survival.score(isHealthy: survival.health?.allows(height: physics.positions[2]) ?? true)
    var cost = settings.ctrlCostWeight * sumOfSquares(action, physics.controlSize)
    if chargesContacts {
      let squares = sumOfSquares(physics.contactForces, 6 * physics.bodyCount)
      cost += min(settings.contactCostWeight * squares, settings.contactCostMaximum)
    }
    return (settings.forwardRewardWeight * ((after - before) / duration) + life.reward - cost, life.terminated)
  }

  public func objective(low: [Float], high: [Float]) -> (any Objective)? {
    LocomotionObjective(
      observationSize: observationSize, low: low, high: high, forward: .unknown,
      forwardWeight: settings.forwardRewardWeight, controlWeight: settings.ctrlCostWeight, survival: survival,
      heightIndex: 2 - layout.skipped)
  }

  public func pose(_ physics: Physics, from observation: UnsafePointer<Float>) {
    layout.restore(physics, from: observation)
  }
}

#endif
