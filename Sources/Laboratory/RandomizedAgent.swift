import Archive
import Interfaces
import Kernels

/// An agent whose measured actions are replaced by uniformly random ones with probability epsilon, row by row: what
/// collectors that act by a saved agent explore with.
struct RandomizedAgent: Agent, Archived {
  private var base: any Agent
  private let epsilon: Float
  private let space: ActionSpace
  /// Of each copy.
  private var streams: [RandomStream]
  private var action: [Float]

  init(_ base: any Agent, epsilon: Float, space: ActionSpace, copies: Int) {
    (self.base, self.epsilon, self.space) = (base, epsilon, space)
    streams = Array(repeating: RandomStream(seed: 0), count: copies)
    action = Array(repeating: 0, count: space.size)
  }

  var metricNames: [String] { base.metricNames }
  var phases: PhaseSeconds { base.phases }

  mutating func prepare(copies: Int, for purpose: ActPurpose) { base.prepare(copies: copies, for: purpose) }

  mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    streams[copy] = random.child("exploration")
    base.startEpisode(of: copy, for: purpose, using: random)
  }

  mutating func act(on steps: inout CopySteps, for purpose: ActPurpose) throws(NumericalFailure) {
    try base.act(on: &steps, for: purpose)
    for copy in 0..<steps.count where steps.isActive[copy] {
      guard streams[copy].uniform() < epsilon else { continue }
      space.draw(&action, using: &streams[copy])
      steps.actions.setRow(copy, action)
    }
  }

  mutating func observe(_ steps: CopySteps) { base.observe(steps) }

  mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) { try base.improve(metrics: &metrics) }

  mutating func archive(_ fields: inout StateFields) throws(ArchiveError) { try fields.inline(&base) }
}
