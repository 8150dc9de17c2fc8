import Control
import Interfaces

/// The tables of agents with local controllers: one row a condition and iteration, and one a step of every controller.
struct LQRFLMTables: Sendable {
  private let task: TrajectoryOptimizationTask
  private let extra: [String]
  private let details: Bool
  private(set) var rows: [(table: Int, fields: [AgentField])] = []

  /// With columns `extra` at the end of the first table.
  init(_ task: TrajectoryOptimizationTask, extra: [String], details: Bool) {
    self.task = task
    self.extra = extra
    self.details = details
  }

  var tables: [AgentTable] {
    let iterations = AgentTable(
      "iterations",
      columns: [
        "iteration", "condition", "trajectories", "cost", "cost_least", "cost_largest", "expected_cost",
        "predicted_improvement", "actual_improvement", "kl_bound", "kl", "eta", "eta_low", "eta_high",
        "backward_passes", "fit_log_likelihood", "outcome",
      ] + extra)
    guard details else { return [iterations] }
    let (n, m) = (task.stateSize, task.actionSize)
    let triangle = (0..<n).map { i in (0...i).map { "state_covariance_\(i)_\($0)" } }.flatMap { $0 }
    let gains = (0..<m).map { i in (0..<n).map { "gain_\(i)_\($0)" } }.flatMap { $0 }
    let trajectories = AgentTable(
      "trajectories",
      columns: ["iteration", "condition", "time", "fit_log_likelihood", "kl", "eta"]
        + (0..<n).map { "state_\($0)" } + triangle + (0..<m).map { "action_\($0)" } + gains
        + (0..<m).map { "offset_\($0)" } + (0..<m).map { "deviation_\($0)" })
    return [iterations, trajectories]
  }

  /// A condition's update as a row; `outcome` is a word.
  mutating func add(
    iteration: Int, condition: Int, _ fit: FittedDynamics?, expectedCost: Double?, improvement: (Double, Double)?,
    bound: Double, _ report: ControllerUpdateReport?, outcome: String, trajectories: Int, extra: [AgentField]
  ) {
    func number(_ value: Double?) -> AgentField { value.map { .number($0) } ?? .empty }
    let fields: [AgentField] = [
      .integer(iteration), .integer(condition), .integer(trajectories), number(fit?.cost), number(fit?.totals.min()),
      number(fit?.totals.max()), number(expectedCost), number(improvement?.0), number(improvement?.1), .number(bound),
      number(report?.divergences.reduce(0, +)), number(report?.meanMultiplier),
      number(report?.bracket.lowerBound), number(report?.bracket.upperBound),
      report.map { .integer($0.evaluations) } ?? .empty, number(fit?.logLikelihood), .text(outcome),
    ]
    rows.append((0, fields + extra))
  }

  /// The controller of a condition and its expected trajectory, step by step.
  mutating func add(
    iteration: Int, condition: Int, _ controller: TimedLinearGaussian, _ distribution: TrajectoryDistribution,
    _ fit: FittedDynamics, _ report: ControllerUpdateReport?
  ) {
    guard details else { return }
    let (n, m, d) = (task.stateSize, task.actionSize, task.stateSize + task.actionSize)
    for t in 0...controller.count {
      let acts = t < controller.count
      func number(_ value: @autoclosure () -> Double) -> AgentField { acts ? .number(value()) : .empty }
      var fields: [AgentField] = [
        .integer(iteration), .integer(condition), .integer(t), acts ? .number(fit.logLikelihoods[t]) : .empty,
        acts ? report.map { .number($0.divergences[t]) } ?? .empty : .empty,
        acts ? report.map { .number($0.multipliers[t]) } ?? .empty : .empty,
      ]
      fields += (0..<n).map { .number(distribution.means[t * d + $0]) }
      for i in 0..<n { fields += (0...i).map { .number(distribution.covariances[(t * d + i) * d + $0]) } }
      fields += (0..<m).map { i in number(distribution.means[t * d + n + i]) }
      fields += (0..<m * n).map { i in number(controller.matrices[t * m * n + i]) }
      fields += (0..<m).map { i in number(controller.offsets[t * m + i]) }
      fields += (0..<m).map { i in number(controller.covariances[(t * m + i) * m + i].squareRoot()) }
      rows.append((1, fields))
    }
  }

  mutating func take() -> [(table: Int, fields: [AgentField])] {
    defer { rows = [] }
    return rows
  }
}

extension ControllerUpdateReport {
  /// Mean of the multipliers over the steps.
  var meanMultiplier: Double { multipliers.reduce(0, +) / Double(multipliers.count) }
}
