public import Archive
public import Interfaces

/// Multiplies the rewards an agent learns from by a constant. Measured returns and tables of episodes stay in the
/// task's units.
public struct ScaledRewards<Base: Environment>: EnvironmentWrapper {
  public var base: Base
  private let factor: Float
  private var isMeasuring = false

  /// Multiplies by `factor`, finite and above 0.
  public init(_ base: Base, by factor: Float) {
    precondition(factor > 0 && factor.isFinite, "factor \(factor)")
    self.base = base
    self.factor = factor
  }

  public var spec: EnvironmentSpec {
    if isMeasuring { return base.spec }
    return base.spec.with(
      rewardRange: .some(base.spec.rewardRange.map { $0.lowerBound * factor...$0.upperBound * factor }))
  }

  public mutating func step(_ action: [Float], observation: inout [Float]) throws -> StepOutcome {
    var outcome = try base.step(action, observation: &observation)
    if !isMeasuring { outcome.reward *= factor }
    return outcome
  }

  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("base", &base)
    try fields.field("is_measuring", &isMeasuring)
  }

  public mutating func beginMeasurement(with statistics: StateReader) throws(ArchiveError) {
    try base.beginMeasurement(with: statistics)
    isMeasuring = true
  }
}

/// An objective whose rewards are multiplied by a constant; that of `ScaledRewards`.
public struct ScaledObjective: Objective {
  private let base: any Objective
  private let factor: Float

  /// The rewards of `base` times `factor`.
  public init(_ base: any Objective, by factor: Float) {
    self.base = base
    self.factor = factor
  }

  /// As the objective underneath.
  public var knowsReward: Bool { base.knowsReward }
  public var knowsTermination: Bool { base.knowsTermination }

  public func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) {
    base.evaluate(
      count: count, states: states, actions: actions, next: next, rewards: rewards, terminated: terminated)
    for row in 0..<count { rewards[row] *= factor }
  }
}
