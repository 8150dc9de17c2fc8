import Archive
import Configuration
import Interfaces
import Kernels
import Learners

/// Acts with the parameters that a learner on a thread of its own published last, and hands it every step (Nair et al.
/// 2015, "Massively parallel methods for deep reinforcement learning", on one machine).
///
/// How old those parameters are depends on the speeds of both sides, so that no two runs are alike; the learner falls at
/// most `lag` steps of all copies behind, after which acting waits. It makes as many updates for a step as without a
/// thread. Saving and measuring wait for everything that was handed over.
final class AsynchronousAgent<Base: ReplayedAgent & SendableMetatype> where Base.Learner: PublishingLearner {
  private let thread: LearnerThread<Base>
  private let spec: EnvironmentSpec
  private let randomSteps: Int
  private let lag: Int
  /// What acts: its learner only adopts parameters, and its replay holds nothing that counts.
  private var front: ReplayedLearner<Base.Learner>
  private var known = 0
  private var begins = [false]
  let metricNames: [String]

  /// `base` on a thread of its own, while `actor`, a learner like its own that shares nothing with it, acts, at random for
  /// the first `randomSteps` steps.
  init(_ base: Base, actor: Base.Learner, spec: EnvironmentSpec, randomSteps: Int, lag: Int) {
    metricNames = base.metricNames
    (self.spec, self.randomSteps, self.lag) = (spec, randomSteps, lag)
    front = ReplayedLearner(actor, spec: spec, randomSteps: randomSteps, replayCapacity: 1)
    thread = LearnerThread(base)
  }

  deinit { thread.stop() }
}

extension AsynchronousAgent: Agent {
  var phases: PhaseSeconds { thread.phases }
  var valueDiscount: Float? { front.learner.discount }

  func memoryNeeds(after steps: Int) -> [MemoryNeed] { thread.synchronized { $0.memoryNeeds(after: steps) } }

  func predictedValue(of observation: [Float]) -> Float? { front.learner.predictedValue(of: observation) }

  func prepare(copies: Int, for purpose: ActPurpose) {
    front.prepare(copies: copies, for: purpose)
    if purpose == .collect {
      begins = Array(repeating: false, count: copies)
      thread.start(copies: copies, lag: lag, spec: spec)
    } else {
      thread.synchronized { _ in }
      thread.refresh(&front.learner, known: &known)
    }
  }

  func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    front.startEpisode(of: copy, for: purpose, using: random)
    if purpose == .collect { begins[copy] = true }
  }

  func act(on steps: inout CopySteps, for purpose: ActPurpose) throws(NumericalFailure) {
    if purpose == .collect { thread.refresh(&front.learner, known: &known) }
    front.act(on: &steps, for: purpose)
  }

  func observe(_ steps: CopySteps) {
    let decisions = front.steps < randomSteps ? 0 : steps.count
    front.observe(steps)
    thread.hand(steps, begins: begins, decisions: decisions)
    for copy in begins.indices { begins[copy] = false }
  }

  func improve(metrics: inout MetricRow) throws(NumericalFailure) { try thread.takeMetrics(into: &metrics) }
}

extension AsynchronousAgent: Checkpointable {
  func save(to writer: inout StateWriter) {
    thread.synchronized { writer.write("learner", $0) }
    writer.write("actor", front)
  }

  func restore(from reader: StateReader) throws(ArchiveError) {
    try thread.synchronized { base throws(ArchiveError) in try reader.read("learner", into: &base) }
    try reader.read("actor", into: &front)
  }
}
