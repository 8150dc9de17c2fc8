internal import Archive
internal import Interfaces
internal import Kernels

/// An environment that measures, with the episode it plays.
struct EvaluationSlot {
  var environment: any Environment
  var observation: [Float]
  var action: [Float]
  var outcome = StepOutcome(reward: 0, ending: .none)
  /// Index of the episode among those of one call.
  var episode = 0
  /// What the step under way threw.
  var failure: (any Error)?
  private var total = 0.0
  private var length = 0
  private var isCut = false
  private var predictedValue: Double?
  private var discountedReturn = 0.0
  /// Discount of a step, and of the steps so far.
  private var (discount, factor) = (1.0, 1.0)
  /// Episodes that the environment has begun, or passed over, since it began to measure.
  private var begun = 0

  init(_ environment: any Environment) {
    self.environment = environment
    observation = Array(repeating: 0, count: environment.spec.observationSize)
    action = Array(repeating: 0, count: environment.spec.action.size)
  }

  mutating func beginMeasurement(with statistics: StateReader) throws(ArchiveError) {
    begun = 0
    try environment.beginMeasurement(with: statistics)
  }

  /// Starts an episode, the one of that `number` since measuring began.
  mutating func begin(_ episode: Int, number: Int, using random: RandomStream) throws {
    if number > begun { environment.skipEpisodes(number - begun) }
    begun = number + 1
    self.episode = episode
    (total, length, isCut) = (0, 0, false)
    var start = random
    try environment.reset(using: &start, observation: &observation)
  }

  /// Notes what the agent expects of the episode that has started, and how it discounts.
  mutating func expect(_ value: Float?, discount: Float?) {
    predictedValue = discount == nil ? nil : value.map(Double.init)
    self.discount = Double(discount ?? 1)
    (discountedReturn, factor) = (0, 1)
  }

  func show(in rows: inout Matrix, row: Int) { rows.setRow(row, observation) }

  /// Takes over an action, which must be finite.
  mutating func take(_ actions: Matrix, row: Int) throws(NumericalFailure) {
    for (index, value) in actions.row(row).enumerated() {
      guard value.isFinite else { throw NumericalFailure(metric: "evaluation action", value: value) }
      action[index] = value
    }
  }

  mutating func step() {
    do { outcome = try environment.step(action, observation: &observation) } catch { failure = error }
  }

  /// Counts the step, with which an episode of `limit` steps is cut off.
  mutating func account(limit: Int) throws(NumericalFailure) {
    guard outcome.reward.isFinite else { throw NumericalFailure(metric: "evaluation reward", value: outcome.reward) }
    total += Double(outcome.reward)
    discountedReturn += factor * Double(outcome.reward)
    factor *= discount
    length += outcome.simulatorSteps
    if outcome.ending == .none && length >= limit { (outcome.ending, isCut) = (.truncated, true) }
  }

  /// What the episode came to.
  var result: EvaluatedEpisode {
    EvaluatedEpisode(
      total: total, length: length, isCut: isCut, measures: environment.measures, predictedValue: predictedValue,
      discountedReturn: predictedValue == nil ? nil : discountedReturn)
  }
}

/// The environments of an evaluation, stepped on all threads.
final class EvaluationSlots {
  let count: Int
  private let slots: UnsafeMutablePointer<EvaluationSlot>

  init(_ environments: [any Environment]) {
    precondition(!environments.isEmpty, "no environment")
    count = environments.count
    slots = .allocate(capacity: count)
    for (index, environment) in environments.enumerated() {
      (slots + index).initialize(to: EvaluationSlot(environment))
    }
  }

  deinit {
    slots.deinitialize(count: count)
    slots.deallocate()
  }

  var all: Range<Int> { 0..<count }

  subscript(_ index: Int) -> EvaluationSlot {
    _read { yield slots[index] }
    _modify { yield &slots[index] }
  }

  /// Steps the active ones; throws the error of the first that fails.
  func step(_ isActive: [Bool]) throws {
    if count == 1 {
      slots[0].step()
    } else {
      isActive.withUnsafeBufferPointer { isActive in
        WorkerPool.run(shards: count, Pass(slots: slots, isActive: isActive))
      }
    }
    for index in all {
      guard let failure = slots[index].failure.take() else { continue }
      throw failure
    }
  }

  private struct Pass: ShardedWork {
    let slots: UnsafeMutablePointer<EvaluationSlot>
    let isActive: UnsafeBufferPointer<Bool>

    func run(shard: Int, worker: Int) {
      guard isActive[shard] else { return }
      // as one environment alone is stepped, outside of the pool
      WorkerPool.keepingDenormals { slots[shard].step() }
    }
  }
}
