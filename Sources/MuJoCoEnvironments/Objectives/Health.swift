#if MuJoCo

/// When a walking body counts as healthy: height, and where they are set lean and every other number, within bounds.
struct Health: Sendable {
  /// Height of the torso, in m.
  let height: ClosedRange<Double>
  /// Whether the bounds of the height are healthy themselves.
  var includesBounds = false
  /// Lean forward, in rad, between the bounds.
  var lean: ClosedRange<Double>?
  /// All positions and velocities but the first two, between the bounds.
  var state: ClosedRange<Double>?

  func allows(height value: Double) -> Bool {
    includesBounds
      ? value >= height.lowerBound && value <= height.upperBound
      : value > height.lowerBound && value < height.upperBound
  }

  func allows(lean value: Double) -> Bool {
    lean.map { value > $0.lowerBound && value < $0.upperBound } ?? true
  }

  func allows(state value: Double) -> Bool {
    state.map { value > $0.lowerBound && value < $0.upperBound } ?? true
  }
}

/// What being healthy is worth.
struct Survival: Sendable {
  /// Nil for bodies that cannot fall.
  let health: Health?
  let healthyReward: Double
  /// Whether an unhealthy body ends the episode.
  let terminates: Bool
  /// Whether the last step of an episode earns the reward too, as before `-v5`.
  let paysLastStep: Bool

  /// Neither reward nor termination.
  static let none = Survival(health: nil, healthyReward: 0, terminates: false, paysLastStep: true)

  @inline(__always)
  func score(isHealthy: Bool) -> (reward: Double, terminated: Bool) {
    (isHealthy || (paysLastStep && terminates) ? healthyReward : 0, terminates && !isHealthy)
  }
}

#endif
