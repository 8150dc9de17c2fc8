#if MuJoCo

import Configuration
import Interfaces
import Kernels

/// Settings of `InvertedPendulum`.
public struct InvertedPendulumSettings: MuJoCoSettings {
  @Setting("Model file of Gymnasium, or a path") public var xmlFile: String? = nil
  @Setting("Integration steps for each action", in: 1...1000) public var frameSkip: Int = 2
  @Setting("Bound of the uniform noise of start positions and velocities", in: 0...10)
  public var resetNoiseScale: Double = 0.01
  @Setting("Steps after which an episode is cut off", in: 1...1_000_000) public var stepLimit: Int = 1000

  /// The published task.
  public init() {}
}

/// Balance a pole on a cart: `InvertedPendulum`. Observation: position, angle, their velocities. Over when the pole leans
/// more than 0.2 rad; 1 a step, in `-v5` 0 for the last. The guidance is the square of the angle relative to that and a
/// hundredth of that of the position in m.
public struct InvertedPendulum: MuJoCoTask {
  public static let summary = "balance a pole on a cart (MuJoCo)"
  public static let editions: [(edition: Edition, name: String)] = [
    (.v5, "InvertedPendulum-v5"), (.v4, "InvertedPendulum-v4"),
  ]
  static let maximalAngle = 0.2

  private let layout: PoseObservation
  private let paysLastStep: Bool
  private let noise: Double

  public static func modelFile(_ edition: Edition) -> String { "inverted_pendulum.xml" }

  public init(_ settings: InvertedPendulumSettings, edition: Edition, model: MuJoCoModel) throws(MuJoCoError) {
    try model.require(positions: 2)
    layout = PoseObservation(model, skipping: 0)
    paysLastStep = edition == .v4
    noise = settings.resetNoiseScale
  }

  public var observationSize: Int { layout.size }

  public func perturb(_ physics: Physics, using random: inout RandomStream) {
    physics.addUniformNoise(noise, using: &random)
  }

  public func observe(_ physics: Physics, before: Double, into observation: UnsafeMutablePointer<Double>) {
    layout.write(physics, to: observation)
  }

  public func score(
    _ physics: Physics, before: Double, after: Double, action: UnsafePointer<Double>
  ) -> (reward: Double, terminated: Bool) {
    let fallen = !(physics.positions[1].magnitude <= Self.maximalAngle)
    return (fallen && !paysLastStep ? 0 : 1, fallen)
  }

  public func guidance(_ physics: Physics) -> Double {
    let (place, lean) = (physics.positions[0], physics.positions[1] / Self.maximalAngle)
    return lean * lean + 0.01 * place * place
  }

  public var rewardRange: ClosedRange<Float>? { paysLastStep ? 1...1 : 0...1 }

  public func objective(low: [Float], high: [Float]) -> (any Objective)? {
    InvertedPendulumObjective(observationSize: layout.size, paysLastStep: paysLastStep)
  }

  public func pose(_ physics: Physics, from observation: UnsafePointer<Float>) {
    layout.restore(physics, from: observation)
  }
}

/// Reward and termination of `InvertedPendulum`.
public struct InvertedPendulumObjective: Objective {
  let observationSize: Int
  let paysLastStep: Bool

  /// Scores `count` transitions, as `Objective` says.
  public func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) {
    for row in 0..<count {
      let observation = next + row * observationSize
      var fallen = !(Double(observation[1]).magnitude <= InvertedPendulum.maximalAngle)
      for index in 0..<observationSize where !observation[index].isFinite { fallen = true }
      rewards[row] = fallen && !paysLastStep ? 0 : 1
      terminated[row] = fallen
    }
  }
}

#endif
