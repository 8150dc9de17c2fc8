#if MuJoCo

import Interfaces

/// How the reward for moving forward follows from observations.
enum ForwardMotion: Sendable {
  /// It does not.
  case unknown
  /// As the change of the number with that index, divided by the time of a step in seconds.
  case displacement(index: Int, duration: Double)
  /// As the number with that index of the next observation.
  case velocity(index: Int)
}

/// Reward and termination of moving forward: forward velocity, less the cost of control, plus a reward for staying healthy.
public struct LocomotionObjective: Objective {
  let observationSize: Int
  let low: [Float]
  let high: [Float]
  let forward: ForwardMotion
  let forwardWeight: Double
  let controlWeight: Double
  let survival: Survival
  /// Where the height is observed, and after it the lean.
  let heightIndex: Int

  /// Whether the forward velocity is observed, or the positions that it follows from.
  public var knowsReward: Bool { if case .unknown = forward { false } else { true } }

  /// Scores `count` transitions, as `Objective` says.
  public func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) {
    for row in 0..<count {
      let (state, successor) = (states + row * observationSize, next + row * observationSize)
      let speed: Double
      switch forward {
      case .unknown: speed = .nan
      case .displacement(let index, let duration): speed = (Double(successor[index]) - Double(state[index])) / duration
      case .velocity(let index): speed = Double(successor[index])
      }
      let life = survival.score(isHealthy: isHealthy(successor))
      let cost = controlWeight * clippedSquares(actions + row * low.count, low, high)
      rewards[row] = Float(forwardWeight * speed + life.reward - cost)
      terminated[row] = life.terminated
    }
  }

  private func isHealthy(_ observation: UnsafePointer<Float>) -> Bool {
    guard let health = survival.health else { return true }
    guard health.allows(height: Double(observation[heightIndex])) else { return false }
    if health.lean != nil, !health.allows(lean: Double(observation[heightIndex + 1])) { return false }
    if health.state != nil {
      for index in heightIndex + 1..<observationSize where !health.allows(state: Double(observation[index])) {
        return false
      }
    }
    if health.includesBounds {
      for index in 0..<observationSize where !observation[index].isFinite { return false }
    }
    return true
  }
}

/// Sum of the squares of an action after it is clipped to the bounds.
@inline(__always)
func clippedSquares(_ action: UnsafePointer<Float>, _ low: [Float], _ high: [Float]) -> Double {
  var sum = 0.0
  for index in low.indices {
    let bounded = Double(min(max(action[index], low[index]), high[index]))
    sum += bounded * bounded
  }
  return sum
}

#endif
