public import Archive
public import Interfaces
public import Kernels

/// Cuts episodes off after fewer steps than the base does.
public struct TimeLimit<Base: Environment>: EnvironmentWrapper {
  public var base: Base
  public let spec: EnvironmentSpec
  private var elapsedSteps = 0

  /// Truncates after `steps` steps, at least 1. Throws when the base itself ends earlier.
  public init(_ base: Base, steps: Int) throws(WrapperError) {
    precondition(steps >= 1, "a limit of \(steps) steps")
    guard steps <= base.spec.stepLimit else {
      throw WrapperError(description: "is \(steps), but episodes end after \(base.spec.stepLimit) steps anyway")
    }
    self.base = base
    spec = base.spec.with(stepLimit: steps)
  }

  public mutating func reset(using random: inout RandomStream, observation: inout [Float]) throws {
    try base.reset(using: &random, observation: &observation)
    elapsedSteps = 0
  }

  public mutating func step(_ action: [Float], observation: inout [Float]) throws -> StepOutcome {
    var outcome = try base.step(action, observation: &observation)
    elapsedSteps += 1
    if outcome.ending == .none && elapsedSteps >= spec.stepLimit { outcome.ending = .truncated }
    return outcome
  }

  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("base", &base)
    try fields.field("elapsed_steps", &elapsedSteps)
  }
}
