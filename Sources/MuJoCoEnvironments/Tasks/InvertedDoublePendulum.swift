#if MuJoCo

import Configuration
import Interfaces
import Kernels

import Foundation

/// Settings of `InvertedDoublePendulum`.
public struct InvertedDoublePendulumSettings: MuJoCoSettings {
  @Setting("Model file of Gymnasium, or a path") public var xmlFile: String? = nil
  @Setting("Integration steps for each action", in: 1...1000) public var frameSkip: Int = 5
  @Setting("Reward of a step; in -v5 not of the last") public var healthyReward: Double = 10
  @Setting("Bound of the uniform noise of start positions, and standard deviation of that of velocities", in: 0...10)
  public var resetNoiseScale: Double = 0.1
  @Setting("Give planners reward and termination with the tip where the observed angles put it")
  public var approximateObjective: Bool = false
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 1000

  /// The published task.
  public init() {}
}

/// Balance two poles on a cart, one on the other: `InvertedDoublePendulum`.
///
/// Observation: position, sines and cosines of the angles, velocities clipped to ±10, and the forces of constraints clipped
/// to ±10 (in `-v5` only the first, the others being 0). Reward: `healthyReward`, less the squared distance of the tip from
/// (0, 2 m) with x counted a hundredth, less a little for spinning. Over when the tip is not above 1 m.
///
/// The tip is where the integrator last saw it, not where the observed angles put it, which differs by less than the
/// motion of one integration step: the objective is nil unless `approximateObjective` asks for the observed place.
public struct InvertedDoublePendulum: MuJoCoTask {
  public static let summary = "balance two poles on a cart, one on the other (MuJoCo)"
  public static let editions: [(edition: Edition, name: String)] = [
    (.v5, "InvertedDoublePendulum-v5"), (.v4, "InvertedDoublePendulum-v4"),
  ]

  private let settings: InvertedDoublePendulumSettings
  private let paysLastStep: Bool
  private let forces: Int

  public static func modelFile(_ edition: Edition) -> String { "inverted_double_pendulum.xml" }

  public init(
    _ settings: InvertedDoublePendulumSettings, edition: Edition, model: MuJoCoModel
  ) throws(MuJoCoError) {
    guard model.positionSize == 3, model.velocitySize == 3 else {
      throw .unsuitable(file: model.file, problem: "the task needs a cart and two poles")
    }
    try model.require(sites: 1)
    self.settings = settings
    paysLastStep = edition == .v4
    forces = edition == .v4 ? 3 : 1
  }

  public var observationSize: Int { 8 + forces }

  public func perturb(_ physics: Physics, using random: inout RandomStream) {
    physics.addMixedNoise(settings.resetNoiseScale, using: &random)
  }

  public func observe(_ physics: Physics, before: Double, into observation: UnsafeMutablePointer<Double>) {
    let position = physics.positions
    observation[0] = position[0]
    for index in 0..<2 {
      observation[1 + index] = sin(position[1 + index])
      observation[3 + index] = cos(position[1 + index])
    }
    for index in 0..<3 { observation[5 + index] = min(max(physics.velocities[index], -10), 10) }
    for index in 0..<forces { observation[8 + index] = min(max(physics.constraintForces[index], -10), 10) }
  }

  public func score(
    _ physics: Physics, before: Double, after: Double, action: UnsafePointer<Double>
  ) -> (reward: Double, terminated: Bool) {
    let (tip, velocity) = (physics.sitePosition(0), physics.velocities)
    return Self.score(
      x: tip[0], height: tip[2], velocity[1], velocity[2], healthyReward: settings.healthyReward,
      paysLastStep: paysLastStep)
  }

  @inline(__always)
  static func score(
    x: Double, height: Double, _ first: Double, _ second: Double, healthyReward: Double, paysLastStep: Bool
  ) -> (reward: Double, terminated: Bool) {
    let fallen = !(height > 1)
    let distance = 0.01 * x * x + (height - 2) * (height - 2)
    let spin = 1e-3 * first * first + 5e-3 * second * second
    return ((fallen && !paysLastStep ? 0 : healthyReward) - distance - spin, fallen)
  }

  /// Costs alone beyond the reward for being healthy. Fallen, the tip is at least 1 m below where it should be.
  public var rewardRange: ClosedRange<Float>? {
    -.infinity...Float(paysLastStep ? settings.healthyReward : max(settings.healthyReward, -1))
  }

  public func objective(low: [Float], high: [Float]) -> (any Objective)? {
    guard settings.approximateObjective else { return nil }
    return DoublePendulumObjective(
      size: observationSize, healthyReward: settings.healthyReward, paysLastStep: paysLastStep)
  }

  /// Velocities beyond ±10 are not observed and come back as ±10.
  public func pose(_ physics: Physics, from observation: UnsafePointer<Float>) {
    physics.positions[0] = Double(observation[0])
    for index in 0..<2 {
      physics.positions[1 + index] = atan2(Double(observation[1 + index]), Double(observation[3 + index]))
    }
    for index in 0..<3 { physics.velocities[index] = Double(observation[5 + index]) }
  }
}

/// The reward of `InvertedDoublePendulum` with the tip where the observed angles put it: each pole is 0.6 m long.
public struct DoublePendulumObjective: Objective {
  let size: Int
  let healthyReward: Double
  let paysLastStep: Bool

  /// Scores `count` transitions, as `Objective` says.
  public func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) {
    for row in 0..<count {
      let o = next + row * size
      let (sine1, sine2, cosine1, cosine2) = (Double(o[1]), Double(o[2]), Double(o[3]), Double(o[4]))
      let x = Double(o[0]) + 0.6 * sine1 + 0.6 * (sine1 * cosine2 + cosine1 * sine2)
      let height = 0.6 * cosine1 + 0.6 * (cosine1 * cosine2 - sine1 * sine2)
      let score = InvertedDoublePendulum.score(
        x: x, height: height, Double(o[6]), Double(o[7]), healthyReward: healthyReward, paysLastStep: paysLastStep)
      rewards[row] = Float(score.reward)
      terminated[row] = score.terminated
    }
  }
}

#endif
