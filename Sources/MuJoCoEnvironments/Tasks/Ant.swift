#if MuJoCo

import Configuration
import Interfaces
import Kernels

/// Settings of `Ant`.
public struct AntSettings: MuJoCoSettings {
  @Setting("Model file of Gymnasium, or a path") public var xmlFile: String? = nil
  @Setting("Integration steps for each action", in: 1...1000) public var frameSkip: Int = 5
  @Setting("Reward for 1 m/s along x") public var forwardRewardWeight: Double = 1
  @Setting("Cost of a squared unit of action") public var ctrlCostWeight: Double = 0.5
  @Setting("Cost of a squared unit of contact force, after clipping to contact_force_range")
  public var contactCostWeight: Double = 5e-4
  @Setting("Reward of a step in which the body is healthy") public var healthyReward: Double = 1
  @Setting("Number of the body whose way along x is rewarded", in: 0...10_000) public var mainBody: Int = 1
  @Setting("Whether an unhealthy body ends the episode") public var terminateWhenUnhealthy: Bool = true
  @Setting("Bounds of a healthy height of the torso in m; without the second there is no upper one")
  public var healthyZRange: [Double] = [0.2, 1]
  @Setting("Bounds that contact forces are clipped to in observations and costs")
  public var contactForceRange: [Double] = [-1, 1]
  @Setting("Bound of the uniform noise of start positions, and standard deviation of that of velocities", in: 0...10)
  public var resetNoiseScale: Double = 0.1
  @Setting("Whether the position in the plane is left out of observations")
  public var excludeCurrentPositionsFromObservation: Bool = true
  @Setting("Whether contact forces are observed; in Ant-v4 also whether they cost anything (there use_contact_forces)")
  public var includeCfrcExtInObservation: Bool = true
  @Setting(
    "Give planners the reward with the velocity at the end of a step for the mean velocity over it; needs observed contact forces or no cost of them"
  )
  public var approximateObjective: Bool = false
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 1000

  /// The published task.
  public init() {}

  public func validate() throws(ConfigurationError) {
    try requireBounds("healthy_z_range", healthyZRange)
    try requireBounds("contact_force_range", contactForceRange)
  }
}

/// Walk with four legs in three dimensions: `Ant`, and MBPO's `AntTruncatedObs`.
///
/// Observation: positions but the first two, velocities, and in `-v5` the contact forces of all bodies but the world. Over
/// when the torso is too low or too high. `-v4` neither observes contact forces nor charges for them by default, and pays
/// `healthyReward` for the last step too; `AntTruncatedObs` is `-v4` that charges for them without observing them (Janner
/// et al., "When to trust your model", NeurIPS 2019; with the MuJoCo of that time these forces were zero).
///
/// The objective knows the termination alone: the reward is for the way of the torso as the integrator last saw it.
public struct Ant: MuJoCoTask {
  public static let summary = "walk with four legs (MuJoCo)"
  public static let editions: [(edition: Edition, name: String)] = [
    (.v5, "Ant-v5"), (.v4, "Ant-v4"), (.mbpo, "AntTruncatedObs"),
  ]

  private let layout: PoseObservation
  private let duration: Double
  private let settings: AntSettings
  private let body: Int
  private let bodies: Int
  private let chargesContacts: Bool
  private let observesContacts: Bool
  /// First body whose forces are observed.
  private let firstBody: Int
  private let survival: Survival
  private let forces: ClosedRange<Double>

  public static func modelFile(_ edition: Edition) -> String { "ant.xml" }

  public static func defaults(_ edition: Edition) -> AntSettings {
    var settings = AntSettings()
    settings.includeCfrcExtInObservation = edition == .v5
    return settings
  }

  public init(_ settings: AntSettings, edition: Edition, model: MuJoCoModel) throws(MuJoCoError) {
    try model.require(positions: 3, velocities: 1)
    guard settings.mainBody < model.bodyCount else {
      throw .unsuitable(file: model.file, problem: "it has no body \(settings.mainBody) (main_body)")
    }
    layout = PoseObservation(model, skipping: settings.excludeCurrentPositionsFromObservation ? 2 : 0)
    duration = model.timeStep * Double(settings.frameSkip)
    self.settings = settings
    body = edition == .v5 ? settings.mainBody : try model.body("torso")
    bodies = model.bodyCount
    observesContacts = settings.includeCfrcExtInObservation
    chargesContacts = edition != .v4 || observesContacts
    firstBody = edition == .v4 ? 0 : 1
    survival = Survival(
      health: Health(height: bounds(settings.healthyZRange), includesBounds: true),
      healthyReward: settings.healthyReward, terminates: settings.terminateWhenUnhealthy, paysLastStep: edition != .v5)
    forces = bounds(settings.contactForceRange)
  }

  public var observationSize: Int { layout.size + (observesContacts ? 6 * (bodies - firstBody) : 0) }
  public var readsContactForces: Bool { observesContacts || chargesContacts }

  public func perturb(_ physics: Physics, using random: inout RandomStream) {
    physics.addMixedNoise(settings.resetNoiseScale, using: &random)
  }

  public func mark(_ physics: Physics) -> Double { physics.bodyPosition(body)[0] }

  public func observe(_ physics: Physics, before: Double, into observation: UnsafeMutablePointer<Double>) {
    layout.write(physics, to: observation)
    guard observesContacts else { return }
    let (source, target) = (physics.contactForces + 6 * firstBody, observation + layout.size)
    for index in 0..<6 * (bodies - firstBody) { target[index] = clipped(source[index]) }
  }

  public func score(
    _ physics: Physics, before: Double, after: Double, action: UnsafePointer<Double>
  ) -> (reward: Double, terminated: Bool) {
    let life = survival.score(isHealthy: isHealthy(physics))
    var cost = settings.ctrlCostWeight * sumOfSquares(action, physics.controlSize)
    if chargesContacts {
      var squares = 0.0
      for index in 0..<6 * bodies {
        let force = clipped(physics.contactForces[index])
        squares += force * force
      }
      cost += settings.contactCostWeight * squares
    }
    return (settings.forwardRewardWeight * ((after - before) / duration) + life.reward - cost, life.terminated)
  }

  @inline(__always)
  private func clipped(_ force: Double) -> Double { min(max(force, forces.lowerBound), forces.upperBound) }

  private func isHealthy(_ physics: Physics) -> Bool {
    for index in 0..<layout.positions where !physics.positions[index].isFinite { return false }
    for index in 0..<layout.velocities where !physics.velocities[index].isFinite { return false }
    return survival.health?.allows(height: physics.positions[2]) ?? true
  }

  public func objective(low: [Float], high: [Float]) -> (any Objective)? {
    let charges = chargesContacts && settings.contactCostWeight != 0
    let approximates = settings.approximateObjective && (!charges || observesContacts)
    let motion = LocomotionObjective(
      observationSize: observationSize, low: low, high: high,
      forward: approximates ? .velocity(index: layout.positions - layout.skipped) : .unknown,
      forwardWeight: settings.forwardRewardWeight, controlWeight: settings.ctrlCostWeight, survival: survival,
      heightIndex: 2 - layout.skipped)
    guard approximates, charges else { return motion }
    return ContactCostObjective(
      base: motion, weight: settings.contactCostWeight, observationSize: observationSize, first: layout.size)
  }

  public func pose(_ physics: Physics, from observation: UnsafePointer<Float>) {
    layout.restore(physics, from: observation)
  }
}

#endif
