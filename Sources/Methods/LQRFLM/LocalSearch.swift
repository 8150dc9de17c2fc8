import Archive
import Configuration
import Control
import Interfaces
import Kernels

/// What agents with local controllers share: conditions with their controllers, the trajectories collected under them,
/// the fit of local dynamics, and the bounded update.
struct LocalSearch<Estimator: LinearGaussianEstimator> {
  let task: LocalTask
  let settings: LocalSearchSettings
  private(set) var conditions: [LocalCondition]
  /// Iterations finished.
  private(set) var iteration = 0
  private var estimator: Estimator
  private var updater: ControllerUpdate
  private var collecting: LocalEpisode
  /// Of each copy.
  private var evaluating: [LocalEpisode]
  private var fitting: RandomStream
  /// Collected episodes since the last iteration that ended early.
  private var discarded = 0

  init(
    _ settings: LocalSearchSettings, task: LocalTask, estimator: Estimator, using random: RandomStream
  ) throws(ConfigurationError) {
    self.settings = settings
    self.task = task
    self.estimator = estimator
    conditions = []
    updater = ControllerUpdate(
      settings.update, horizon: task.horizon, stateSize: task.stateSize, actionSize: task.actionSize)
    collecting = LocalEpisode(task)
    evaluating = [collecting]
    fitting = random.child("fitting")
    for start in task.starts {
      let controller = try settings.initial.controller(
        horizon: task.horizon, timeStep: task.timeStep, start: start, low: task.low, high: task.high)
      conditions.append(LocalCondition(controller))
    }
  }

  // MARK: - Episodes

  /// Makes room for copies to measure; only one collects.
  mutating func prepare(copies: Int, for purpose: ActPurpose) {
    if purpose == .evaluate { evaluating = Array(repeating: evaluating[0], count: copies) }
  }

  mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    if purpose == .collect { collecting.start(using: random) } else { evaluating[copy].start(using: random) }
  }

  mutating func act(on observation: [Float], of copy: Int, for purpose: ActPurpose, action: inout [Float]) {
    if purpose == .collect {
      collecting.act(on: observation, conditions, settings.exploration, task, action: &action)
    } else {
      evaluating[copy].act(on: observation, conditions, settings.execution, task, action: &action)
    }
  }

  mutating func observe(_ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float]) {
    collecting.record(observation, action, next: next)
    guard outcome.ending != .none else { return }
    // a shorter trajectory has no place at the times it lacks
    if collecting.time == task.horizon {
      conditions[collecting.condition].samples.append(collecting.trajectory)
    } else {
      discarded += 1
    }
  }

  /// Whether every condition has its trajectories.
  var isReady: Bool { conditions.allSatisfy { $0.samples.count >= settings.samples } }

  // MARK: - Iterations

  /// Fits dynamics to the trajectories of each condition; nil where that fails.
  mutating func fit(metrics: inout MetricRow) -> [LocalFit?] {
    let rows = conditions.map { TimedRows(transitionsOf: $0.samples) }
    let report = estimator.absorb(rows, using: &fitting)
    let fits = zip(conditions, rows).map { condition, rows in
      LocalFit(condition.samples, rows, with: estimator, task.cost, startVariance: settings.startVariance)
    }
    metrics.record("discarded_trajectories", Float(discarded))
    metrics.record("prior_clusters", Float(report.clusters))
    metrics.record("prior_dropped_clusters", Float(report.dropped))
    metrics.record("prior_failures", report.failed ? 1 : 0)
    if report.rows > 0 { metrics.recordIfFinite("prior_log_likelihood", report.logLikelihood) }
    for fit in fits {
      guard let fit else { continue }
      metrics.recordIfFinite("trajectory_cost", fit.cost)
      metrics.recordIfFinite("fit_log_likelihood", fit.logLikelihood)
    }
    return fits
  }

  static var fitMetrics: [String] {
    [
      "discarded_trajectories", "prior_clusters", "prior_dropped_clusters", "prior_failures", "prior_log_likelihood",
      "trajectory_cost", "fit_log_likelihood",
    ]
  }

  /// Adapts condition `index`'s bound to what became of the last update, `cost` being what is expected now. The predicted and
  /// the actual improvement, if there was an update.
  mutating func adaptBound(_ index: Int, cost: Double?, metrics: inout MetricRow) -> (Double, Double)? {
    guard let expectedImprovement = conditions[index].expectedImprovement, let cost else { return nil }
    let (predicted, actual) = (
      expectedImprovement.before - expectedImprovement.predicted, expectedImprovement.before - cost
    )
    conditions[index].rule.adapt(predicted: predicted, actual: actual, settings.stepSize)
    metrics.recordIfFinite("predicted_improvement", predicted)
    metrics.recordIfFinite("actual_improvement", actual)
    return (predicted, actual)
  }

  /// The bound on condition `index`'s divergence, per step.
  func bound(_ index: Int) -> Double { settings.update.klStep * conditions[index].rule.multiple }

  /// Finds and adopts condition `index`'s next controller. `cost` is what was expected before.
  mutating func update(
    _ index: Int, _ problem: ControllerUpdateProblem, _ fit: LocalFit, cost: Double, metrics: inout MetricRow
  ) -> ControllerUpdateOutcome {
    let outcome = updater.solve(problem, bound: bound(index), eta: conditions[index].eta)
    metrics.record("kl_bound", Float(bound(index)))
    switch outcome {
    case .updated(let report):
      metrics.record("update_failures", 0)
      metrics.recordIfFinite("kl", report.divergences.reduce(0, +) / Double(task.horizon))
      metrics.recordIfFinite("eta", report.meanMultiplier)
      metrics.record("backward_passes", Float(report.evaluations))
      conditions[index].eta = report.meanMultiplier
      conditions[index].expectedImprovement = (cost, report.distribution.expectedCosts(fit.costs).reduce(0, +))
      conditions[index].adopt(report.controller, report.distribution)
    case .failed:
      metrics.record("update_failures", 1)
      conditions[index].expectedImprovement = nil
    }
    return outcome
  }

  static var updateMetrics: [String] {
    [
      "expected_cost", "predicted_improvement", "actual_improvement", "kl_bound", "update_failures", "kl", "eta",
      "backward_passes",
    ]
  }

  /// Notes that condition `index` keeps its controller for want of a fit.
  mutating func keep(_ index: Int, metrics: inout MetricRow) {
    conditions[index].expectedImprovement = nil
    metrics.record("update_failures", 1)
  }

  /// Forgets the trajectories; the next iteration begins.
  mutating func advance() {
    for index in conditions.indices { conditions[index].samples = [] }
    iteration += 1
    discarded = 0
  }
}

extension LocalSearch: Checkpointable {
  func save(to writer: inout StateWriter) {
    for (index, condition) in conditions.enumerated() { writer.write("condition_\(index)", condition) }
    writer.write("estimator", estimator)
    writer.write("collecting", collecting)
    writer.write("evaluating", evaluating[0])
    writer.write("fitting", fitting)
    writer.write("counters", [iteration, discarded])
  }

  mutating func restore(from reader: StateReader) throws(ArchiveError) {
    for index in conditions.indices { try reader.read("condition_\(index)", into: &conditions[index]) }
    try reader.read("estimator", into: &estimator)
    try reader.read("collecting", into: &collecting)
    try reader.read("evaluating", into: &evaluating[0])
    fitting = try reader.stream("fitting")
    let counters = try reader.counts("counters")
    guard counters.count == 2 else {
      throw .mismatch(name: "counters", expected: "2 integers", found: "\(counters.count)")
    }
    (iteration, discarded) = (counters[0], counters[1])
  }
}

extension MetricRow {
  /// Records `value` unless it is not finite in single precision: a local model that fails does not end a run.
  mutating func recordIfFinite(_ name: String, _ value: Double) {
    if Float(value).isFinite { record(name, Float(value)) }
  }
}
