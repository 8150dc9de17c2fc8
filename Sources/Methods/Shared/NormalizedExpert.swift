import Archive
import Interfaces
import Kernels
import Laboratory

/// An expert that was trained on observations normalized by running statistics, asked about observations as they are: it
/// is shown them by the statistics that its run was saved with, which stay as they are.
struct NormalizedExpert: Agent {
  private var base: any Agent
  private var moments: RunningMoments
  private let limit: Float
  private var shown: CopySteps

  var metricNames: [String] { base.metricNames }
  var phases: PhaseSeconds { base.phases }

  /// The agent of `saved`, whose environment limits normalized observations to ±`limit`.
  ///
  /// - Throws: `ArchiveError` where the run has no statistics.
  init(_ saved: SavedRun, limit: Float) throws(ArchiveError) {
    base = saved.agent
    self.limit = limit
    moments = RunningMoments(size: saved.spec.observationSize)
    var writer = StateWriter()
    saved.trainingEnvironment.saveStatistics(to: &writer)
    try StateReader(writer.file).read("observation_moments", into: &moments)
    shown = CopySteps(count: 1, spec: saved.spec)
  }

  mutating func prepare(copies: Int, for purpose: ActPurpose) {
    shown = CopySteps(count: copies, observationSize: shown.observations.columns, actionSize: shown.actions.columns)
    base.prepare(copies: copies, for: purpose)
  }

  mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    base.startEpisode(of: copy, for: purpose, using: random)
  }

  mutating func act(on steps: inout CopySteps, for purpose: ActPurpose) throws(NumericalFailure) {
    let (count, size) = (steps.count, shown.observations.columns)
    let target = shown.observations.mutablePointer
    target.update(from: steps.observations.pointer, count: count * size)
    for copy in 0..<count {
      moments.standardize(UnsafeMutableBufferPointer(start: target + copy * size, count: size), limit: limit)
      (shown.times[copy], shown.isActive[copy]) = (steps.times[copy], steps.isActive[copy])
    }
    try base.act(on: &shown, for: purpose)
    steps.actions.mutablePointer.update(from: shown.actions.pointer, count: shown.actions.count)
  }

  mutating func observe(_ steps: CopySteps) {}

  mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {}

  func save(to writer: inout StateWriter) {
    writer.scope("base") { base.save(to: &$0) }
    writer.write("moments", moments)
  }

  mutating func restore(from reader: StateReader) throws(ArchiveError) {
    try base.restore(from: reader.scope("base"))
    try reader.read("moments", into: &moments)
  }
}
