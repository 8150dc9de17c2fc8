import Archive
import Interfaces
import Kernels

/// An agent that explores in measured episodes, as it does in training: for datasets of what it does there.
struct ExploringAgent: Agent {
  private var base: any Agent

  init(_ base: any Agent) { self.base = base }

  var metricNames: [String] { base.metricNames }
  var phases: PhaseSeconds { base.phases }

  mutating func prepare(copies: Int, for purpose: ActPurpose) { base.prepare(copies: copies, for: purpose) }

  mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    base.startEpisode(of: copy, for: .collect, using: random)
  }

  mutating func act(on steps: inout CopySteps, for purpose: ActPurpose) throws(NumericalFailure) {
    try base.act(on: &steps, for: .collect)
  }

  mutating func observe(_ steps: CopySteps) { base.observe(steps) }

  mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) { try base.improve(metrics: &metrics) }

  func save(to writer: inout StateWriter) { base.save(to: &writer) }

  mutating func restore(from reader: StateReader) throws(ArchiveError) { try base.restore(from: reader) }
}
