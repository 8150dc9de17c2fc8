#if MuJoCo

import Configuration
import Interfaces
import Kernels

import Foundation

/// Settings of `Reacher`.
public struct ReacherSettings: MuJoCoSettings {
  @Setting("Model file of Gymnasium, or a path") public var xmlFile: String? = nil
  @Setting("Integration steps for each action", in: 1...1000) public var frameSkip: Int = 2
  @Setting("Cost of 1 m between fingertip and target") public var rewardDistWeight: Double = 1
  @Setting("Cost of a squared unit of action") public var rewardControlWeight: Double = 1
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 50

  /// The published task.
  public init() {}
}

/// Bring the tip of a two-link arm to a target; never terminates: `Reacher`.
///
/// Observation: cosines and sines of the two angles, position of the target, velocities of the angles, and the vector from
/// target to fingertip (in `-v4` with its third component, which is 0). The cost of the distance is that after the step, in
/// `-v4` that before it. Either is observed, so the objective is exact.
public struct Reacher: MuJoCoTask {
  public static let summary = "bring a two-link arm to a target (MuJoCo)"
  public static let editions: [(edition: Edition, name: String)] = [(.v5, "Reacher-v5"), (.v4, "Reacher-v4")]

  private let settings: ReacherSettings
  private let fingertip: Int
  private let target: Int
  /// Whether the distance before the step counts.
  private let looksBack: Bool
  private let goals: Int

  public static func modelFile(_ edition: Edition) -> String { "reacher.xml" }

  public init(_ settings: ReacherSettings, edition: Edition, model: MuJoCoModel) throws(MuJoCoError) {
    guard model.positionSize == 4, model.velocitySize == 4 else {
      throw .unsuitable(file: model.file, problem: "the task needs two joints and a target with two")
    }
    self.settings = settings
    fingertip = try model.body("fingertip")
    target = try model.body("target")
    looksBack = edition == .v4
    goals = edition == .v4 ? 3 : 2
  }

  public var observationSize: Int { 8 + goals }

  public func perturb(_ physics: Physics, using random: inout RandomStream) {
    for index in 0..<2 { physics.positions[index] += random.uniformDouble(-0.1, 0.1) }
    var goal = SIMD2<Double>()
    repeat {
      goal = SIMD2(random.uniformDouble(-0.2, 0.2), random.uniformDouble(-0.2, 0.2))
    } while (goal * goal).sum().squareRoot() >= 0.2
    for index in 0..<2 { physics.positions[2 + index] = goal[index] }
    for index in 0..<2 { physics.velocities[index] += random.uniformDouble(-0.005, 0.005) }
  }

  /// The distance.
  public func mark(_ physics: Physics) -> Double {
    let (tip, goal) = (physics.bodyPosition(fingertip), physics.bodyPosition(target))
    var squares = 0.0
    for index in 0..<3 { squares += (tip[index] - goal[index]) * (tip[index] - goal[index]) }
    return squares.squareRoot()
  }

  public func observe(_ physics: Physics, before: Double, into observation: UnsafeMutablePointer<Double>) {
    let (position, velocity) = (physics.positions, physics.velocities)
    for index in 0..<2 {
      observation[index] = cos(position[index])
      observation[2 + index] = sin(position[index])
      observation[4 + index] = position[2 + index]
      observation[6 + index] = velocity[index]
    }
    let (tip, goal) = (physics.bodyPosition(fingertip), physics.bodyPosition(target))
    for index in 0..<goals { observation[8 + index] = tip[index] - goal[index] }
  }

  public func score(
    _ physics: Physics, before: Double, after: Double, action: UnsafePointer<Double>
  ) -> (reward: Double, terminated: Bool) {
    let distance = looksBack ? before : after
    let cost = settings.rewardControlWeight * sumOfSquares(action, physics.controlSize)
    return (-settings.rewardDistWeight * distance - cost, false)
  }

  /// Costs alone, unless a weight is negative.
  public var rewardRange: ClosedRange<Float>? {
    settings.rewardDistWeight >= 0 && settings.rewardControlWeight >= 0 ? -.infinity...0 : nil
  }

  public func objective(low: [Float], high: [Float]) -> (any Objective)? {
    ReachingObjective(
      size: observationSize, goals: goals, low: low, high: high, looksBack: looksBack,
      distanceWeight: settings.rewardDistWeight, controlWeight: settings.rewardControlWeight)
  }

  public func pose(_ physics: Physics, from observation: UnsafePointer<Float>) {
    for index in 0..<2 {
      physics.positions[index] = atan2(Double(observation[2 + index]), Double(observation[index]))
      physics.positions[2 + index] = Double(observation[4 + index])
      physics.velocities[index] = Double(observation[6 + index])
      physics.velocities[2 + index] = 0  // the target rests
    }
  }
}

/// The reward of `Reacher`.
public struct ReachingObjective: Objective {
  let size: Int
  let goals: Int
  let low: [Float]
  let high: [Float]
  let looksBack: Bool
  let distanceWeight: Double
  let controlWeight: Double

  /// Scores `count` transitions, as `Objective` says.
  public func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) {
    for row in 0..<count {
      let offset = (looksBack ? states : next) + row * size + 8
      var squares = 0.0
      for index in 0..<goals { squares += Double(offset[index]) * Double(offset[index]) }
      let cost = controlWeight * clippedSquares(actions + row * low.count, low, high)
      rewards[row] = Float(-distanceWeight * squares.squareRoot() - cost)
      terminated[row] = false
    }
  }
}

#endif
