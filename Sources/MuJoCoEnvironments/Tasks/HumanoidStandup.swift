#if MuJoCo

import Configuration
import Interfaces
import Kernels

/// Settings of `HumanoidStandup`.
public struct HumanoidStandupSettings: MuJoCoSettings {
  @Setting("Model file of Gymnasium, or a path") public var xmlFile: String? = nil
  @Setting("Integration steps for each action", in: 1...1000) public var frameSkip: Int = 5
  @Setting("Cost of a squared unit of action") public var ctrlCostWeight: Double = 0.1
  @Setting("Cost of a squared unit of contact force") public var impactCostWeight: Double = 0.5e-6
  @Setting("Most that contact forces may cost in a step", in: 0...) public var impactCostMaximum: Double = 10
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
}

/// Stand up from lying on the back; never terminates: `HumanoidStandup`. Observations are those of `Humanoid`.
///
/// Reward: the height of the torso divided by the integration step of 0.003 s, plus 1, less the costs of control and of
/// contact forces. Gymnasium's `uph_cost_weight` is missing here because there it changes nothing. The objective knows the
/// reward where contact forces are observed.
public struct HumanoidStandup: MuJoCoTask {
  public static let summary = "stand up from lying (MuJoCo)"
  public static let editions: [(edition: Edition, name: String)] = [
    (.v5, "HumanoidStandup-v5"), (.v4, "HumanoidStandup-v4"),
  ]

  private let layout: PoseObservation
  private let bodies: BodyObservation
  private let heightWeight: Double
  private let settings: HumanoidStandupSettings

  public static func modelFile(_ edition: Edition) -> String { "humanoidstandup.xml" }

  public init(_ settings: HumanoidStandupSettings, edition: Edition, model: MuJoCoModel) throws(MuJoCoError) {
    try model.require(positions: 3, velocities: 6)
    layout = PoseObservation(model, skipping: settings.excludeCurrentPositionsFromObservation ? 2 : 0)
    bodies = BodyObservation(
      inertias: settings.includeCinertInObservation, velocities: settings.includeCvelInObservation,
      actuators: settings.includeQfrcActuatorInObservation, contacts: settings.includeCfrcExtInObservation,
      firstBody: edition == .v4 ? 0 : 1, firstForce: edition == .v4 ? 0 : 6, bodies: model.bodyCount,
      forces: model.velocitySize)
    heightWeight = 1 / model.timeStep
    self.settings = settings
  }

  public var observationSize: Int { layout.size + bodies.size }
  public var readsContactForces: Bool { true }

  public func perturb(_ physics: Physics, using random: inout RandomStream) {
    physics.addUniformNoise(settings.resetNoiseScale, using: &random)
  }

  public func observe(_ physics: Physics, before: Double, into observation: UnsafeMutablePointer<Double>) {
    layout.write(physics, to: observation)
    bodies.write(physics, to: observation + layout.size)
  }

  public func score(
    _ physics: Physics, before: Double, after: Double, action: UnsafePointer<Double>
  ) -> (reward: Double, terminated: Bool) {
    let squares = sumOfSquares(physics.contactForces, 6 * physics.bodyCount)
    let cost =
      settings.ctrlCostWeight * sumOfSquares(action, physics.controlSize)
      + min(settings.impactCostWeight * squares, settings.impactCostMaximum)
    return (heightWeight * physics.positions[2] - cost + 1, false)
  }

  public func objective(low: [Float], high: [Float]) -> (any Objective)? {
    StandingObjective(
      observationSize: observationSize, low: low, high: high, heightIndex: 2 - layout.skipped,
      heightWeight: heightWeight, controlWeight: settings.ctrlCostWeight, impactWeight: settings.impactCostWeight,
      impactMaximum: settings.impactCostMaximum,
      firstForce: bodies.contacts ? observationSize - 6 * (bodies.bodies - bodies.firstBody) : nil)
  }

  public func pose(_ physics: Physics, from observation: UnsafePointer<Float>) {
    layout.restore(physics, from: observation)
  }
}

/// The reward of `HumanoidStandup`.
public struct StandingObjective: Objective {
  let observationSize: Int
  let low: [Float]
  let high: [Float]
  let heightIndex: Int
  let heightWeight: Double
  let controlWeight: Double
  let impactWeight: Double
  let impactMaximum: Double
  /// Where contact forces are observed, up to the end; nil if they are not.
  let firstForce: Int?

  /// Whether contact forces are observed, or cost nothing.
  public var knowsReward: Bool { firstForce != nil || impactWeight == 0 }

  /// Scores `count` transitions, as `Objective` says.
  public func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) {
    for row in 0..<count {
      let observation = next + row * observationSize
      var squares = knowsReward ? 0.0 : .nan
      for index in (firstForce ?? observationSize)..<observationSize {
        squares += Double(observation[index]) * Double(observation[index])
      }
      let impact = impactWeight * squares
      let cost = controlWeight * clippedSquares(actions + row * low.count, low, high)
      let reward = heightWeight * Double(observation[heightIndex]) - cost + 1
      rewards[row] = Float(reward - (impact > impactMaximum ? impactMaximum : impact))
      terminated[row] = false
    }
  }
}

#endif
