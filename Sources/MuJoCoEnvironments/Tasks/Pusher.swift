#if MuJoCo

import Configuration
import Interfaces
import Kernels

/// Settings of `Pusher`.
public struct PusherSettings: MuJoCoSettings {
  @Setting("Model file of Gymnasium, or a path") public var xmlFile: String? = nil
  @Setting("Integration steps for each action", in: 1...1000) public var frameSkip: Int = 5
  @Setting("Cost of 1 m between the arm's tip and the object") public var rewardNearWeight: Double = 0.5
  @Setting("Cost of 1 m between the object and its goal") public var rewardDistWeight: Double = 1
  @Setting("Cost of a squared unit of action") public var rewardControlWeight: Double = 0.1
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 100

  /// The published task.
  public init() {}
}

/// Push a cylinder to a goal with a seven-joint arm; never terminates: `Pusher`.
///
/// Observation: angles and velocities of the arm's joints, positions of the arm's tip, the object and the goal. The costs of
/// distances are those after the step, in `-v4` those before it; the positions are observed, so the objective is exact. The
/// object's velocity is not observed: models that start at observations have it at rest.
///
/// Gymnasium refuses `Pusher-v4` with MuJoCo 3 and later, whose contacts move the nearly massless object of `pusher.xml`
/// otherwise than older ones did: it is here by its definition, but results published on it may not be comparable.
public struct Pusher: MuJoCoTask {
  public static let summary = "push an object to a goal with a robot arm (MuJoCo)"
  public static let editions: [(edition: Edition, name: String)] = [(.v5, "Pusher-v5"), (.v4, "Pusher-v4")]

  private let settings: PusherSettings
  private let tip: Int
  private let object: Int
  private let goal: Int
  /// Where object and goal are when their positions are zero, [2, 3], and the axes along which those move them, [4, 3].
  private let home: [Double]
  private let axes: [Double]
  /// Whether distances before the step count.
  private let looksBack: Bool

  public static func modelFile(_ edition: Edition) -> String { edition == .v4 ? "pusher.xml" : "pusher_v5.xml" }

  public init(_ settings: PusherSettings, edition: Edition, model: MuJoCoModel) throws(MuJoCoError) {
    guard model.positionSize == 11, model.velocitySize == 11 else {
      throw .unsuitable(file: model.file, problem: "the task needs seven joints, and two each for object and goal")
    }
    self.settings = settings
    tip = try model.body("tips_arm")
    object = try model.body("object")
    goal = try model.body("goal")
    looksBack = edition == .v4
    home = model.bodyOrigin(object) + model.bodyOrigin(goal)
    axes = (7..<11).flatMap { model.jointAxis($0) }
  }

  public var observationSize: Int { 23 }

  public func perturb(_ physics: Physics, using random: inout RandomStream) {
    var place = SIMD2<Double>()
    repeat {
      place = SIMD2(random.uniformDouble(-0.3, 0), random.uniformDouble(-0.2, 0.2))
    } while (place * place).sum().squareRoot() <= 0.17
    for index in 0..<2 {
      physics.positions[7 + index] = place[index]
      physics.positions[9 + index] = 0
    }
    for index in 0..<7 { physics.velocities[index] += random.uniformDouble(-0.005, 0.005) }
  }

  /// The weighted distances.
  public func mark(_ physics: Physics) -> Double {
    settings.rewardDistWeight * distance(physics, object, goal) + settings.rewardNearWeight
      * distance(physics, object, tip)
  }

  private func distance(_ physics: Physics, _ first: Int, _ second: Int) -> Double {
    let (a, b) = (physics.bodyPosition(first), physics.bodyPosition(second))
    var squares = 0.0
    for index in 0..<3 { squares += (a[index] - b[index]) * (a[index] - b[index]) }
    return squares.squareRoot()
  }

  public func observe(_ physics: Physics, before: Double, into observation: UnsafeMutablePointer<Double>) {
    for index in 0..<7 {
      observation[index] = physics.positions[index]
      observation[7 + index] = physics.velocities[index]
    }
    for index in 0..<3 {
      observation[14 + index] = physics.bodyPosition(tip)[index]
      observation[17 + index] = physics.bodyPosition(object)[index]
      observation[20 + index] = physics.bodyPosition(goal)[index]
    }
  }

  public func score(
    _ physics: Physics, before: Double, after: Double, action: UnsafePointer<Double>
  ) -> (reward: Double, terminated: Bool) {
    let cost = settings.rewardControlWeight * sumOfSquares(action, physics.controlSize)
    return (-(looksBack ? before : after) - cost, false)
  }

  /// Costs alone, unless a weight is negative.
  public var rewardRange: ClosedRange<Float>? {
    min(settings.rewardNearWeight, settings.rewardDistWeight, settings.rewardControlWeight) >= 0 ? -.infinity...0 : nil
  }

  public func objective(low: [Float], high: [Float]) -> (any Objective)? {
    PushingObjective(
      low: low, high: high, looksBack: looksBack, nearWeight: settings.rewardNearWeight,
      distanceWeight: settings.rewardDistWeight, controlWeight: settings.rewardControlWeight)
  }

  /// Object and goal are where they were seen, at rest: their velocities are not observed, and their places are those of the
  /// integrator's last evaluation before the end of the step.
  public func pose(_ physics: Physics, from observation: UnsafePointer<Float>) {
    for index in 0..<7 {
      physics.positions[index] = Double(observation[index])
      physics.velocities[index] = Double(observation[7 + index])
    }
    for joint in 0..<4 {
      let body = joint / 2
      var distance = 0.0
      for index in 0..<3 {
        distance += axes[3 * joint + index] * (Double(observation[17 + 3 * body + index]) - home[3 * body + index])
      }
      physics.positions[7 + joint] = distance
      physics.velocities[7 + joint] = 0
    }
  }
}

/// The reward of `Pusher`.
public struct PushingObjective: Objective {
  let low: [Float]
  let high: [Float]
  let looksBack: Bool
  let nearWeight: Double
  let distanceWeight: Double
  let controlWeight: Double

  /// Scores `count` transitions, as `Objective` says.
  public func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) {
    for row in 0..<count {
      let observation = (looksBack ? states : next) + row * 23
      var (near, far) = (0.0, 0.0)
      for index in 0..<3 {
        let (tip, object, goal) = (observation[14 + index], observation[17 + index], observation[20 + index])
        near += (Double(object) - Double(tip)) * (Double(object) - Double(tip))
        far += (Double(object) - Double(goal)) * (Double(object) - Double(goal))
      }
      let cost = controlWeight * clippedSquares(actions + row * low.count, low, high)
      rewards[row] = Float(-distanceWeight * far.squareRoot() - nearWeight * near.squareRoot() - cost)
      terminated[row] = false
    }
  }
}

#endif
