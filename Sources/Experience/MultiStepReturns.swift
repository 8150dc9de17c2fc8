import Archive
import Interfaces
import Kernels

/// Joins up to n consecutive steps of one episode into a transition, so that targets look n steps ahead before they bootstrap
/// (Sutton and Barto 2018, section 7.1; uncorrected for the policy's change since, as in Hessel et al. 2018):
///
///     s_t, a_t, sum over k < n of discount^k r_{t+k}, s_{t+n}, discount^(n-1) * continues.
///
/// The last steps of an episode look as far as it goes. With n = 1 steps pass as they are.
public struct MultiStepReturns: Sendable {
  /// Most steps joined, n.
  public let steps: Int
  private let discount: Float
  /// Steps that still wait for later ones, [n, D + A + 1] in a ring: observation, action, reward.
  private var pending: Matrix
  private let (observationSize, actionSize): (Int, Int)
  private var (first, count) = (0, 0)

  /// Nothing pending.
  public init(steps: Int, discount: Float, observationSize: Int, actionSize: Int) {
    precondition(steps > 0, "\(steps) steps")
    self.steps = steps
    self.discount = discount
    pending = Matrix(rows: steps, columns: observationSize + actionSize + 1)
    (self.observationSize, self.actionSize) = (observationSize, actionSize)
  }

  /// Forgets the steps that wait, as when an episode starts.
  public mutating func reset() { (first, count) = (0, 0) }

  /// Takes in the step from t to t + 1, and appends to `replay` what is complete with it. Does not allocate.
  public mutating func append(
    _ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float], to replay: inout ReplayBuffer
  ) {
    precondition(
      observation.count == observationSize && action.count == actionSize && next.count == observationSize,
      "step of another shape")
    appendRow(observation, action, outcome, next: next, to: &replay)
  }

  /// Takes in copy `index`'s step of `round`, all of whose rows belong to environments like this one's.
  public mutating func append(_ index: Int, of round: CopySteps, to replay: inout ReplayBuffer) {
    precondition(
      round.observations.columns == observationSize && round.actions.columns == actionSize, "step of another shape")
    withExtendedLifetime(round) {
      appendRow(
        round.observations.pointer + index * observationSize, round.actions.pointer + index * actionSize,
        round.outcome(index), next: round.next.pointer + index * observationSize, time: round.times[index], to: &replay)
    }
  }

  /// Takes in all steps of `dataset`, from the start of an episode on.
  public mutating func append(_ dataset: TransitionDataset, to replay: inout ReplayBuffer) {
    precondition(
      dataset.observationSize == observationSize && dataset.actionSize == actionSize, "a dataset of another shape")
    reset()
    dataset.forEach { observation, action, outcome, next, time in
      appendRow(observation, action, outcome, next: next, time: time, to: &replay)
    }
    reset()
  }

  private mutating func appendRow(
    _ observation: UnsafePointer<Float>, _ action: UnsafePointer<Float>, _ outcome: StepOutcome,
    next: UnsafePointer<Float>, time: Int = 0, to replay: inout ReplayBuffer
  ) {
    guard steps > 1 else {
      return replay.appendRow(
        observation, action, reward: outcome.reward, next: next, continues: outcome.ending == .terminated ? 0 : 1,
        time: time)
    }
    let slot = pending.mutablePointer + (first + count) % steps * pending.columns
    slot.update(from: observation, count: observationSize)
    (slot + observationSize).update(from: action, count: actionSize)
    slot[pending.columns - 1] = outcome.reward
    count += 1
    if outcome.ending == .none {
      if count == steps { complete(outcome, next, &replay) }
    } else {
      while count > 0 { complete(outcome, next, &replay) }
    }
  }

  /// Appends the oldest step with all that followed it.
  private mutating func complete(
    _ outcome: StepOutcome, _ next: UnsafePointer<Float>, _ replay: inout ReplayBuffer
  ) {
    let (rows, width) = (pending.pointer, pending.columns)
    var (total, factor) = (Float(0), Float(1))
    for k in 0..<count {
      if k > 0 { factor *= discount }
      total += factor * rows[(first + k) % steps * width + width - 1]
    }
    let row = rows + first * width
    replay.appendRow(
      row, row + observationSize, reward: total, next: next, continues: outcome.ending == .terminated ? 0 : factor,
      time: 0)
    first = (first + 1) % steps
    count -= 1
  }
}

extension MultiStepReturns: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("pending", &pending)
    try fields.field("first", &first)
    try fields.field("count", &count)
    guard (0..<steps).contains(first), (0...steps).contains(count) else {
      throw .mismatch(name: "pending steps", expected: "at most \(steps)", found: "\(count) from \(first)")
    }
  }
}
