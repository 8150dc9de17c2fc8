import Archive
import Configuration
import Control
import Interfaces
import Kernels

/// Plans every action in a known model by iLQR (model predictive control; Tassa, Erez and Todorov 2012): the first decision
/// of an episode starts from idle actions, every other from the last trajectory, one decision on. It learns nothing.
///
/// Where no trajectory is finite the action nearest to zero is taken, and counted. Evaluation has a trajectory of its own, so
/// that it leaves the collected episode alone.
public struct IterativeLQRAgent<Dynamics: DifferentiableDynamics>: RowwiseAgent
where Dynamics.Simulation: CostSimulation {
  private let settings: IterativeLQRAgentSettings
  /// Of each copy.
  private var (collecting, evaluating): ([Episode], [Episode])
  private let makeSearch: () -> IterativeLQR<Dynamics>
  private var tally = Tally()
  public private(set) var phases = PhaseSeconds()

  private struct Episode: Checkpointable {
    var search: IterativeLQR<Dynamics>
    var hasPlan = false

    func save(to writer: inout StateWriter) {
      writer.write("actions", search.actions)
      writer.write("has_plan", hasPlan)
    }

    mutating func restore(from reader: StateReader) throws(ArchiveError) {
      search.restart(with: try reader.read("actions", as: Double.self, shape: [search.actions.count]))
      hasPlan = try reader.bool("has_plan")
    }

    init(search: IterativeLQR<Dynamics>) { self.search = search }
  }

  /// What the metrics of the next row are made of.
  private struct Tally {
    var reports: [OptimizationReport] = []
    var failures = 0
  }

  public var metricNames: [String] { ["plan_cost", "plan_iterations", "plan_regularization", "plan_failures"] }

  /// An agent that searches with `search` in `dynamics`.
  public init(_ settings: IterativeLQRAgentSettings, search: IterativeLQRSettings, dynamics: Dynamics) {
    self.settings = settings
    // scratch of their own: the two are used in turn, but checkpoints must not see one through the other
    makeSearch = { IterativeLQR(search, dynamics: dynamics) }
    (collecting, evaluating) = ([Episode(search: makeSearch())], [Episode(search: makeSearch())])
  }

  public mutating func prepare(copies: Int, for purpose: ActPurpose) {
    let episodes = (0..<copies).map { _ in Episode(search: makeSearch()) }
    if purpose == .collect { collecting = episodes } else { evaluating = episodes }
  }

  public mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    func begin(_ episode: inout Episode) {
      episode.search.reset()
      episode.hasPlan = false
    }
    if purpose == .collect { begin(&collecting[copy]) } else { begin(&evaluating[copy]) }
  }

  public mutating func act(on observation: [Float], of copy: Int, for purpose: ActPurpose, action: inout [Float]) {
    switch purpose {
    case .evaluate: _ = decide(&evaluating[copy], observation, &action)
    case .collect:
      let start = ContinuousClock.now
      let report = decide(&collecting[copy], observation, &action)
      if let report { tally.reports.append(report) } else { tally.failures += 1 }
      phases.planning += seconds(from: start)
    }
  }

  private func decide(
    _ episode: inout Episode, _ observation: [Float], _ action: inout [Float]
  ) -> OptimizationReport? {
    if episode.hasPlan { episode.search.shift() }
    var report: OptimizationReport?
    var starts = episode.search.start(fromObservation: observation)
    if !starts, episode.hasPlan {
      episode.search.reset()
      starts = episode.search.start(fromObservation: observation)
    }
    if starts {
      report = episode.search.optimize(iterations: episode.hasPlan ? settings.iterations : settings.firstIterations)
      episode.hasPlan = true
    } else {
      episode.search.reset()
      episode.hasPlan = false
    }
    for i in action.indices { action[i] = Float(episode.search.actions[i]) }
    return report
  }

  public mutating func observe(
    _ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float], of copy: Int
  ) {}

  public mutating func improve(metrics: inout MetricRow) {
    for report in tally.reports {
      metrics.record("plan_cost", Float(report.cost))
      metrics.record("plan_iterations", Float(report.iterations))
      metrics.record("plan_regularization", Float(report.regularization))
    }
    metrics.record("plan_failures", Float(tally.failures))
    tally.reports.removeAll(keepingCapacity: true)
  }
}

extension IterativeLQRAgent: Checkpointable {
  public func save(to writer: inout StateWriter) {
    writer.write("collecting", copies: collecting)
    writer.write("evaluating", evaluating[0])
    writer.write("failures", tally.failures)
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    try reader.read("collecting", intoCopies: &collecting)
    try reader.read("evaluating", into: &evaluating[0])
    tally.failures = try reader.count("failures")
  }
}
