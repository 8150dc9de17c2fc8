import Foundation
import Interfaces
import Kernels
import Learners

/// An agent on a thread of its own that takes in steps as they are handed over and trains on them: all that its updates
/// depend on is the steps and their order, not when they come.
///
/// `hand(_:)` waits while the thread is as many steps of all copies behind as there is room for; nothing else makes the
/// two sides wait for one another but `synchronized`.
final class LearnerThread<Base: ReplayedAgent & SendableMetatype>: @unchecked Sendable
where Base.Learner: PublishingLearner {
  /// Steps of all copies on their way, which copies' episodes they begin, and how many of their actions a learner chose.
  private struct Slot {
    var steps: CopySteps
    var begins: [Bool]
    var decisions = 0

    init(_ copies: Int, _ spec: EnvironmentSpec) {
      steps = CopySteps(count: copies, spec: spec)
      begins = Array(repeating: false, count: copies)
    }
  }

  /// Guards everything below but `base`, which belongs to the thread while `isTraining` and to `synchronized` otherwise.
  private let bell = NSCondition()
  private var slots: [Slot] = []
  private var (first, held) = (0, 0)
  private var isTraining = false
  private var isStopping = false
  private var base: Base
  private var parameters: Vector
  private var version = 0
  private var metrics: MetricRow
  private var failure: NumericalFailure?
  private var spent = PhaseSeconds()

  /// Trains `base`, which nothing else may use any more.
  init(_ base: Base) {
    self.base = base
    parameters = Vector(base.core.learner.actingParameters.elements)
    metrics = MetricRow(names: base.metricNames)
  }

  /// Makes room for `lag` steps of `copies` copies in an environment of `spec` and starts. To be called once.
  func start(copies: Int, lag: Int, spec: EnvironmentSpec) {
    base.prepare(copies: copies, for: .collect)
    slots = (0..<lag).map { _ in Slot(copies, spec) }
    Thread.detachNewThread { [self] in
      var (work, recorded) = (Slot(copies, spec), MetricRow(names: base.metricNames))
      while take(&work) { train(on: work, recording: &recorded) }
    }
  }

  /// Has the thread end, without waiting for it.
  func stop() {
    bell.withLock {
      isStopping = true
      bell.broadcast()
    }
  }

  /// Seconds of training so far.
  var phases: PhaseSeconds { bell.withLock { spent } }

  /// Hands over a step of all copies, whose contents are copied; `begins` says which of them are the first of an episode,
  /// `decisions` how many actions a learner chose. After a failure it is lost.
  func hand(_ steps: CopySteps, begins: [Bool], decisions: Int) {
    bell.withLock {
      while held == slots.count && failure == nil { bell.wait() }
      guard failure == nil else { return }
      let place = (first + held) % slots.count
      slots[place].steps.copy(from: steps)
      for copy in begins.indices { slots[place].begins[copy] = begins[copy] }
      slots[place].decisions = decisions
      held += 1
      bell.broadcast()
    }
  }

  /// Adds to `row` what was recorded since the last call. Throws what training threw.
  func takeMetrics(into row: inout MetricRow) throws(NumericalFailure) {
    let thrown = bell.withLock {
      row.add(metrics)
      metrics.clear()
      return failure
    }
    if let thrown { throw thrown }
  }

  /// Gives `learner` the newest parameters unless those of `known`, their version, are the newest.
  func refresh(_ learner: inout Base.Learner, known: inout Int) {
    bell.withLock {
      guard known != version else { return }
      known = version
      learner.adopt(parameters)
    }
  }

  /// Calls `body` once everything handed over has been trained on, and publishes what it left.
  func synchronized<Result, Failure: Error>(
    _ body: (inout Base) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    bell.lock()
    defer { bell.unlock() }
    while isTraining || (held > 0 && failure == nil) { bell.wait() }
    defer { publish() }
    return try body(&base)
  }

  private func publish() {
    parameters.copy(from: base.core.learner.actingParameters)
    version += 1
  }

  /// Waits for a step; false at the end.
  private func take(_ work: inout Slot) -> Bool {
    bell.withLock {
      while (held == 0 || failure != nil) && !isStopping { bell.wait() }
      guard !isStopping else { return false }
      swap(&slots[first], &work)
      (first, held, isTraining) = ((first + 1) % slots.count, held - 1, true)
      bell.broadcast()
      return true
    }
  }

  /// Takes in a step and trains on it; `recorded` is scratch.
  private func train(on work: Slot, recording recorded: inout MetricRow) {
    recorded.clear()
    var thrown: NumericalFailure?
    for copy in work.begins.indices where work.begins[copy] {
      // a stream that nothing is drawn from: the other side acts
      base.startEpisode(of: copy, for: .collect, using: RandomStream(seed: 0))
    }
    base.core.learner.countDecisions(work.decisions)
    base.observe(work.steps)
    do { try base.improve(metrics: &recorded) } catch { thrown = error }
    bell.withLock {
      metrics.add(recorded)
      failure = thrown ?? recorded.nonFinite
      spent = base.phases
      if !recorded.isEmpty { publish() }
      isTraining = false
      bell.broadcast()
    }
  }
}
