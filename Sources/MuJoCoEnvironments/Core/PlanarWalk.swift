#if MuJoCo

import Configuration
import Interfaces

/// What the planar bodies have in common: they move along x, which is the first position, at a height and a lean that are
/// the second and third.
public struct PlanarWalk: Sendable {
  let layout: PoseObservation
  let noise: Double
  private let duration: Double
  private let forwardWeight: Double
  private let controlWeight: Double
  private let survival: Survival
  private let approximates: Bool

  init(
    _ model: MuJoCoModel, frameSkip: Int, skips: Bool, velocityLimit: Double = .infinity, forwardWeight: Double,
    controlWeight: Double, survival: Survival, noise: Double, approximates: Bool
  ) throws(MuJoCoError) {
    try model.require(positions: 3, velocities: 1)
    layout = PoseObservation(model, skipping: skips ? 1 : 0, velocityLimit: velocityLimit)
    duration = model.timeStep * Double(frameSkip)
    self.noise = noise
    self.forwardWeight = forwardWeight
    self.controlWeight = controlWeight
    self.survival = survival
    self.approximates = approximates
  }

  @inline(__always)
  func score(
    _ physics: Physics, before: Double, after: Double, action: UnsafePointer<Double>
  ) -> (reward: Double, terminated: Bool) {
    let life = survival.score(isHealthy: isHealthy(physics))
    let cost = controlWeight * sumOfSquares(action, physics.controlSize)
    return (forwardWeight * ((after - before) / duration) + life.reward - cost, life.terminated)
  }

  private func isHealthy(_ physics: Physics) -> Bool {
    guard let health = survival.health else { return true }
    let (position, velocity) = (physics.positions, physics.velocities)
    guard health.allows(height: position[1]), health.allows(lean: position[2]) else { return false }
    guard health.state != nil else { return true }
    for index in 2..<layout.positions where !health.allows(state: position[index]) { return false }
    for index in 0..<layout.velocities where !health.allows(state: velocity[index]) { return false }
    return true
  }

  func objective(low: [Float], high: [Float]) -> LocomotionObjective {
    let forward: ForwardMotion =
      if layout.skipped == 0 {
        .displacement(index: 0, duration: duration)
      } else if approximates {
        .velocity(index: layout.positions - layout.skipped)
      } else {
        .unknown
      }
    return LocomotionObjective(
      observationSize: layout.size, low: low, high: high, forward: forward, forwardWeight: forwardWeight,
      controlWeight: controlWeight, survival: survival, heightIndex: 1 - layout.skipped)
  }
}

/// A task of a planar body that is rewarded for moving forward.
public protocol PlanarTask: MuJoCoTask {
  /// Its common parts.
  var walk: PlanarWalk { get }
}

extension PlanarTask {
  public var observationSize: Int { walk.layout.size }

  public func mark(_ physics: Physics) -> Double { physics.positions[0] }

  public func observe(_ physics: Physics, before: Double, into observation: UnsafeMutablePointer<Double>) {
    walk.layout.write(physics, to: observation)
  }

  public func score(
    _ physics: Physics, before: Double, after: Double, action: UnsafePointer<Double>
  ) -> (reward: Double, terminated: Bool) {
    walk.score(physics, before: before, after: after, action: action)
  }

  public func objective(low: [Float], high: [Float]) -> (any Objective)? { walk.objective(low: low, high: high) }

  public func pose(_ physics: Physics, from observation: UnsafePointer<Float>) {
    walk.layout.restore(physics, from: observation)
  }
}

/// A range written as one or two numbers; without the second there is no upper bound.
func bounds(_ numbers: [Double]) -> ClosedRange<Double> { numbers[0]...(numbers.count > 1 ? numbers[1] : .infinity) }

/// Refuses what `bounds` cannot take.
func requireBounds(_ key: String, _ numbers: [Double]) throws(ConfigurationError) {
  guard numbers.count == 1 || numbers.count == 2, numbers[0] < (numbers.count > 1 ? numbers[1] : .infinity) else {
    throw ConfigurationError(key, "must be a lower bound, or a lower and a higher upper bound")
  }
}

#endif
