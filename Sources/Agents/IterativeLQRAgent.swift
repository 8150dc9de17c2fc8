import Archive
import Configuration
import Control
import Interfaces
import Kernels

/// What can be set of an agent that plans with iLQR in a known model.
public struct IterativeLQRAgentSettings: Configuration {
  /// The defaults.
  public init() {}
  @Setting("Iterations at most for a decision with a warm start", in: 1...100_000) public var iterations: Int = 10
  @Setting("Iterations at most for the first decision of an episode", in: 1...100_000)
  public var firstIterations: Int = 100
}

/// Plans every action in a known model by iLQR (model predictive control; Tassa, Erez and Todorov 2012): the first decision
/// of an episode starts from idle actions, every other from the last trajectory, one decision on. It learns nothing.
///
/// Where no trajectory is finite the action nearest to zero is taken, and counted. Evaluation has a trajectory of its own, so
/// that it leaves the collected episode alone.
public struct IterativeLQRAgent<Dynamics: DifferentiableDynamics>: Agent where Dynamics.Simulation: CostSimulation {
  private let settings: IterativeLQRAgentSettings
  private var collecting: Episode
  private var evaluating: Episode
  private var tally = Tally()
  public private(set) var phases = PhaseSeconds()

  private struct Episode {
    var search: IterativeLQR<Dynamics>
    var hasPlan = false
  }

  /// What the metrics of the next row are made of.
  private struct Tally {
    var report: OptimizationReport?
    var failures = 0
  }

  public var metricNames: [String] { ["plan_cost", "plan_iterations", "plan_regularization", "plan_failures"] }

  /// An agent that searches with `search` in `dynamics`.
  public init(_ settings: IterativeLQRAgentSettings, search: IterativeLQRSettings, dynamics: Dynamics) {
    self.settings = settings
    // scratch of their own: the two are used in turn, but checkpoints must not see one through the other
    collecting = Episode(search: IterativeLQR(search, dynamics: dynamics))
    evaluating = Episode(search: IterativeLQR(search, dynamics: dynamics))
  }

  public mutating func startEpisode(for purpose: ActPurpose, using random: RandomStream) {
    func begin(_ episode: inout Episode) {
      episode.search.reset()
      episode.hasPlan = false
    }
    if purpose == .collect { begin(&collecting) } else { begin(&evaluating) }
  }

  public mutating func act(on observation: [Float], for purpose: ActPurpose, action: inout [Float]) {
    switch purpose {
    case .evaluate: _ = decide(&evaluating, observation, &action)
    case .collect:
      let start = ContinuousClock.now
      tally.report = decide(&collecting, observation, &action)
      if tally.report == nil { tally.failures += 1 }
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

  public mutating func observe(_ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float]) {}

  public mutating func improve(metrics: inout MetricRow) {
    if let report = tally.report {
      metrics.record("plan_cost", Float(report.cost))
      metrics.record("plan_iterations", Float(report.iterations))
      metrics.record("plan_regularization", Float(report.regularization))
    }
    metrics.record("plan_failures", Float(tally.failures))
    tally.report = nil
  }
}

extension IterativeLQRAgent: Checkpointable {
  public func save(to writer: inout StateWriter) {
    for (name, episode) in [("collecting", collecting), ("evaluating", evaluating)] {
      writer.scope(name) { writer in
        writer.write("actions", episode.search.actions)
        writer.write("has_plan", episode.hasPlan)
      }
    }
    writer.write("failures", tally.failures)
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    func restore(_ episode: inout Episode, _ reader: StateReader) throws(ArchiveError) {
      episode.search.restart(
        with: try reader.read("actions", as: Double.self, shape: [episode.search.actions.count]))
      episode.hasPlan = try reader.bool("has_plan")
    }
    try restore(&collecting, reader.scope("collecting"))
    try restore(&evaluating, reader.scope("evaluating"))
    tally.failures = try reader.integer("failures")
  }
}
