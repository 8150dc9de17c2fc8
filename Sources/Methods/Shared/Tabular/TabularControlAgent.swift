import Archive
import Interfaces
import Kernels
import Learners

/// Acts with a table of action values and learns from every step as soon as it can: where the next action counts, when
/// that has been chosen, before the step that it takes.
///
/// Observations must be one-hot. Evaluations take a best action, drawn among several.
public struct TabularControlAgent<Learner: TabularControl>: RowwiseAgent {
  /// What it has learned.
  public private(set) var learner: Learner
  /// Of each copy: the step that waits for the next action.
  private var pending: [TabularStep?] = [nil]
  private var (exploration, measurement) = ([RandomStream(seed: 0)], [RandomStream(seed: 0)])
  private var learning: RandomStream
  /// Of the steps learned from since the last `improve`.
  private var errors: [Double] = []

  public var phases: PhaseSeconds { PhaseSeconds() }

  /// The mean of the absolute errors.
  public var metricNames: [String] { ["td_error"] }

  /// An agent around `learner`, drawing from `random` what learning draws.
  public init(_ learner: Learner, using random: RandomStream) {
    self.learner = learner
    learning = random.child("learning")
  }

  public mutating func prepare(copies: Int, for purpose: ActPurpose) {
    let streams = Array(repeating: RandomStream(seed: 0), count: copies)
    if purpose == .collect {
      exploration = streams
      pending = Array(repeating: nil, count: copies)
    } else {
      measurement = streams
    }
  }

  public mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    if purpose == .collect { exploration[copy] = random } else { measurement[copy] = random }
  }

  public mutating func act(on observation: [Float], of copy: Int, for purpose: ActPurpose, action: inout [Float]) {
    let state = NumberedStates.state(observation)
    guard purpose == .collect else {
      action[0] = Float(learner.act(in: state, explore: false, using: &measurement[copy]))
      return
    }
    let chosen = learner.act(in: state, explore: true, using: &exploration[copy])
    action[0] = Float(chosen)
    if let step = pending[copy] {
      pending[copy] = nil
      errors.append(learner.learn(from: step, nextAction: chosen, using: &learning))
    }
  }

  public mutating func observe(
    _ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float], of copy: Int
  ) {
    let step = TabularStep(
      state: NumberedStates.state(observation), action: Int(action[0]), reward: Double(outcome.reward),
      next: NumberedStates.state(next), terminates: outcome.ending == .terminated)
    if learner.needsNextAction && outcome.ending == .none {
      pending[copy] = step
    } else {
      errors.append(learner.learn(from: step, nextAction: nil, using: &learning))
    }
  }

  public mutating func improve(metrics: inout MetricRow) {
    for error in errors { metrics.record("td_error", Float(abs(error))) }
    errors.removeAll(keepingCapacity: true)
  }
}

extension TabularControlAgent: Checkpointable {
  public func save(to writer: inout StateWriter) {
    writer.write("learner", learner)
    // of each copy: whether a step waits, its state, action and next state
    writer.write("pending", pending.flatMap { $0.map { [1, $0.state, $0.action, $0.next] } ?? [0, 0, 0, 0] })
    writer.write("pending_rewards", pending.map { $0?.reward ?? 0 })
    writer.write("exploration", copies: exploration)
    writer.write("learning", learning)
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    try reader.read("learner", into: &learner)
    let rewards = try reader.read("pending_rewards", as: Double.self, shape: [pending.count])
    let steps = try reader.read("pending", as: Int64.self, shape: [4 * pending.count]).map { Int($0) }
    for copy in pending.indices {
      pending[copy] =
        steps[4 * copy] == 0
        ? nil
        : TabularStep(
          state: steps[4 * copy + 1], action: steps[4 * copy + 2], reward: rewards[copy], next: steps[4 * copy + 3],
          terminates: false)
    }
    try reader.read("exploration", intoCopies: &exploration)
    learning = try reader.stream("learning")
  }
}
