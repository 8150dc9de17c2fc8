import Kernels

/// An agent that decides and observes one copy at a time, in the order of the copies.
public protocol RowwiseAgent: Agent {
  /// Writes an action (`spec.action.size` floats) of copy `copy` for `observation`. Does not allocate after warm-up.
  mutating func act(
    on observation: [Float], of copy: Int, for purpose: ActPurpose, action: inout [Float]
  ) throws(NumericalFailure)

  /// Takes in a collected step of copy `copy`: observation, action and outcome at time t, observation at t + 1.
  mutating func observe(
    _ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float], of copy: Int)
}

extension RowwiseAgent {
  /// Row by row.
  public mutating func act(on steps: inout CopySteps, for purpose: ActPurpose) throws(NumericalFailure) {
    for copy in 0..<steps.count where steps.isActive[copy] { try act(on: &steps, row: copy, for: purpose) }
  }

  /// The row of one copy.
  public mutating func act(
    on steps: inout CopySteps, row copy: Int, for purpose: ActPurpose
  ) throws(NumericalFailure) {
    let row = steps.row
    StepRow.copy(copy, of: steps.observations, to: &row.observation)
    try act(on: row.observation, of: copy, for: purpose, action: &row.action)
    steps.actions.setRow(copy, row.action)
  }

  /// Row by row.
  public mutating func observe(_ steps: CopySteps) {
    let row = steps.row
    for copy in 0..<steps.count {
      StepRow.copy(copy, of: steps.observations, to: &row.observation)
      StepRow.copy(copy, of: steps.actions, to: &row.action)
      StepRow.copy(copy, of: steps.next, to: &row.next)
      observe(row.observation, row.action, steps.outcome(copy), next: row.next, of: copy)
    }
  }
}
