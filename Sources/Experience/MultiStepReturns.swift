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
  private var (observation, action): ([Float], [Float])
  private var (first, count) = (0, 0)

  /// Nothing pending.
  public init(steps: Int, discount: Float, observationSize: Int, actionSize: Int) {
    precondition(steps > 0, "\(steps) steps")
    self.steps = steps
    self.discount = discount
    pending = Matrix(rows: steps, columns: observationSize + actionSize + 1)
    observation = Array(repeating: 0, count: observationSize)
    action = Array(repeating: 0, count: actionSize)
  }

  /// Forgets the steps that wait, as when an episode starts.
  public mutating func reset() { (first, count) = (0, 0) }

  /// Takes in the step from t to t + 1, and appends to `replay` what is complete with it. Does not allocate.
  public mutating func append(
    _ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float], time: Int = 0,
    to replay: inout ReplayBuffer
  ) {
    guard steps > 1 else {
      return replay.append(
        observation, action, reward: outcome.reward, next: next, continues: outcome.ending != .terminated, time: time)
    }
    precondition(
      observation.count == self.observation.count && action.count == self.action.count, "step of another shape")
    let slot = pending.mutablePointer + (first + count) % steps * pending.columns
    for i in observation.indices { slot[i] = observation[i] }
    for i in action.indices { slot[observation.count + i] = action[i] }
    slot[pending.columns - 1] = outcome.reward
    count += 1
    if outcome.ending == .none {
      if count == steps { complete(outcome, next, &replay) }
    } else {
      while count > 0 { complete(outcome, next, &replay) }
    }
  }

  /// Appends the oldest step with all that followed it.
  private mutating func complete(_ outcome: StepOutcome, _ next: [Float], _ replay: inout ReplayBuffer) {
    let (rows, width) = (pending.pointer, pending.columns)
    var (total, factor) = (Float(0), Float(1))
    for k in 0..<count {
      if k > 0 { factor *= discount }
      total += factor * rows[(first + k) % steps * width + width - 1]
    }
    let row = rows + first * width
    for i in observation.indices { observation[i] = row[i] }
    for i in action.indices { action[i] = row[observation.count + i] }
    replay.append(
      observation, action, reward: total, next: next, continues: outcome.ending == .terminated ? 0 : factor)
    first = (first + 1) % steps
    count -= 1
  }
}

extension MultiStepReturns: Checkpointable {
  public func save(to writer: inout StateWriter) {
    writer.write("pending", pending)
    writer.write("first", first)
    writer.write("count", count)
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    try reader.read("pending", into: &pending)
    (first, count) = (try reader.integer("first"), try reader.integer("count"))
    guard (0..<steps).contains(first), (0...steps).contains(count) else {
      throw .mismatch(name: "pending steps", expected: "at most \(steps)", found: "\(count) from \(first)")
    }
  }
}
