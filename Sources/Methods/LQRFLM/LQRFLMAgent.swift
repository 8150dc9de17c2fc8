import Archive
import Configuration
import Control
import Interfaces
import Kernels

/// Trajectory optimization under unknown dynamics (Levine and Abbeel 2014): LQR with fitted local models.
///
/// An iteration collects trajectories of each initial condition under its time-varying linear-Gaussian controller, fits
/// linear-Gaussian dynamics to them time by time, and updates the controller within a bound on the divergence from the
/// one that collected them, which adapts to how well the improvement was predicted. An update that cannot be had leaves
/// the controller as it is and is counted.
public struct LQRFLMAgent<Estimator: LinearGaussianEstimator>: RowwiseAgent {
  private var search: LQRFLM<Estimator>
  private var report: LQRFLMTables
  public private(set) var phases = PhaseSeconds()

  public var metricNames: [String] {
    LQRFLM<Estimator>.fitMetrics + LQRFLM<Estimator>.updateMetrics
  }

  /// An agent for `task` that fits dynamics with `estimator`. Throws where settings of the first controller do not fit
  /// the task.
  public init(
    _ settings: LQRFLMSettings, task: TrajectoryOptimizationTask, estimator: Estimator, using random: RandomStream
  ) throws(ConfigurationError) {
    search = try LQRFLM(settings, task: task, estimator: estimator, using: random)
    report = LQRFLMTables(task, extra: [], details: settings.details)
  }

  /// Controllers of one iteration collect their trajectories one after another: one copy at a time can be collected.
  public mutating func prepare(copies: Int, for purpose: ActPurpose) {
    precondition(purpose == .evaluate || copies == 1, "\(copies) copies")
    search.prepare(copies: copies, for: purpose)
  }

  public mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    search.startEpisode(of: copy, for: purpose, using: random)
  }

  public mutating func act(on observation: [Float], of copy: Int, for purpose: ActPurpose, action: inout [Float]) {
    search.act(on: observation, of: copy, for: purpose, action: &action)
  }

  public mutating func observe(
    _ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float], of copy: Int
  ) {
    search.observe(observation, action, outcome, next: next)
  }

  public mutating func improve(metrics: inout MetricRow) {
    guard search.isReady else { return }
    var start = ContinuousClock.now
    let fits = search.fit(metrics: &metrics)
    phases.fitting += seconds(from: start)
    start = ContinuousClock.now
    for (index, fit) in fits.enumerated() { update(index, fit, metrics: &metrics) }
    search.advance()
    phases.planning += seconds(from: start)
  }

  private mutating func update(_ index: Int, _ fit: FittedDynamics?, metrics: inout MetricRow) {
    let trajectories = search.conditions[index].samples.count
    guard let fit, let current = fit.follow(search.conditions[index].controller) else {
      search.keep(index, metrics: &metrics)
      report.add(
        iteration: search.iteration, condition: index, fit, expectedCost: nil, improvement: nil,
        bound: search.bound(index), nil, outcome: fit == nil ? "no-fit" : "diverging", trajectories: trajectories,
        extra: [])
      return
    }
    metrics.recordIfFinite("expected_cost", current.cost)
    let improvement = search.adaptBound(index, cost: current.cost, metrics: &metrics)
    let problem = ControllerUpdateProblem(
      dynamics: fit.dynamics, costs: fit.costs, start: fit.start, previous: search.conditions[index].controller)
    let bound = search.bound(index)
    let outcome = search.update(index, problem, fit, cost: current.cost, metrics: &metrics)
    report.add(
      iteration: search.iteration, condition: index, fit, expectedCost: current.cost, improvement: improvement,
      bound: bound, outcome.report, outcome: outcome.name, trajectories: trajectories, extra: [])
    report.add(
      iteration: search.iteration, condition: index, search.conditions[index].controller,
      outcome.report?.distribution ?? current.distribution, fit, outcome.report)
  }

  public var tables: [AgentTable] { report.tables }
  public var hasRows: Bool { !report.rows.isEmpty }
  public mutating func takeRows() -> [(table: Int, fields: [AgentField])] { report.take() }
}

extension LQRFLMAgent: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) { try fields.inline(&search) }
}

extension ControllerUpdateOutcome {
  /// The update, if there is one.
  var report: ControllerUpdateReport? { if case .updated(let report) = self { report } else { nil } }

  /// A word for tables.
  var name: String {
    switch self {
    case .updated(let report): report.isInactive ? "unbounded" : "updated"
    case .failed(let failure): failure.name
    }
  }
}
