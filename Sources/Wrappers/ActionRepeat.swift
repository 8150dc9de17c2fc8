import Archive
public import Interfaces

/// Takes every action several times, or until the episode ends, and adds up the rewards. To the agent a decision is one
/// step; the outcome says how many of the simulator's it took.
public struct ActionRepeat<Base: Environment>: EnvironmentWrapper {
  public var base: Base
  public let spec: EnvironmentSpec
  private let times: Int

  /// Takes each action `times` times, at least once.
  public init(_ base: Base, times: Int) {
    precondition(times >= 1, "actions taken \(times) times")
    self.base = base
    self.times = times
    let count = Float(times)
    spec = base.spec.with(
      timeStep: base.spec.timeStep * count,
      stepLimit: base.spec.stepLimit == EnvironmentSpec.unlimited
        ? EnvironmentSpec.unlimited : (base.spec.stepLimit + times - 1) / times,
      rewardRange: .some(
        // an episode may end at the first of them
        base.spec.rewardRange.map {
          min($0.lowerBound, $0.lowerBound * count)...max($0.upperBound, $0.upperBound * count)
        }))
  }

  public mutating func step(_ action: [Float], observation: inout [Float]) throws -> StepOutcome {
    var total = StepOutcome(reward: 0, ending: .none, simulatorSteps: 0)
    for _ in 0..<times where total.ending == .none {
      let outcome = try base.step(action, observation: &observation)
      total.reward += outcome.reward
      total.taskReward += outcome.taskReward
      total.ending = outcome.ending
      total.simulatorSteps += outcome.simulatorSteps
    }
    return total
  }
}
