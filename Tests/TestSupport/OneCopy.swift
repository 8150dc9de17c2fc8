import Interfaces
import Kernels

/// An agent in one copy of an environment, whose steps are arrays.
extension Agent {
  /// An episode of the only copy starts.
  package mutating func startEpisode(for purpose: ActPurpose, using random: RandomStream) {
    startEpisode(of: 0, for: purpose, using: random)
  }

  /// The action of the only copy. Allocates a step's buffers.
  package mutating func act(
    on observation: [Float], for purpose: ActPurpose, action: inout [Float]
  ) throws(NumericalFailure) {
    var steps = CopySteps(count: 1, observationSize: observation.count, actionSize: action.count)
    steps.observations.setRow(0, observation)
    try act(on: &steps, for: purpose)
    action = steps.actions.elements
  }

  /// Takes in a step of the only copy. Allocates a step's buffers.
  package mutating func observe(_ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float]) {
    var steps = CopySteps(count: 1, observationSize: observation.count, actionSize: action.count)
    steps.observations.setRow(0, observation)
    steps.actions.setRow(0, action)
    steps.next.setRow(0, next)
    steps.rewards[0] = outcome.reward
    steps.endings[0] = outcome.ending
    observe(steps)
  }
}

extension RowwiseAgent {
  /// The action of the only copy, without allocations of its own.
  package mutating func act(
    on observation: [Float], for purpose: ActPurpose, action: inout [Float]
  ) throws(NumericalFailure) {
    try act(on: observation, of: 0, for: purpose, action: &action)
  }
}
