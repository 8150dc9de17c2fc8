#if MuJoCo

import Interfaces

/// Another objective less the cost of contact forces: `weight` times the squares of the next observation's last numbers.
public struct ContactCostObjective: Objective {
  let base: LocomotionObjective
  let weight: Double
  let observationSize: Int
  /// Where the contact forces are observed, up to the end.
  let first: Int

  /// As for the other objective.
  public var knowsReward: Bool { base.knowsReward }
  public var knowsTermination: Bool { base.knowsTermination }

  /// Scores `count` transitions, as `Objective` says.
  public func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) {
    base.evaluate(
      count: count, states: states, actions: actions, next: next, rewards: rewards, terminated: terminated)
    for row in 0..<count {
      var squares = 0.0
      for index in first..<observationSize {
        let force = Double(next[row * observationSize + index])
        squares += force * force
      }
      rewards[row] -= Float(weight * squares)
    }
  }
}

#endif
