import Archive
import Kernels

/// A policy that imitates the decisions of a planner and proposes plans in return, so that searches start from what has been
/// found in similar places before.
public protocol PlanPrior: Checkpointable {
  /// Whether it has learned from decisions, so that its own mean something.
  var isFitted: Bool { get }

  /// Takes in a planned and executed action at an observation.
  mutating func observe(_ observation: [Float], _ action: [Float])

  /// Learns from the decisions taken in so far; records `prior_loss`. Does nothing where there are none. Throws
  /// `NumericalFailure` when the loss is not finite.
  mutating func fit(metrics: inout MetricRow) throws(NumericalFailure)

  /// Writes the action [A] it would take at `observation` [D]. Does not allocate.
  func act(on observation: UnsafePointer<Float>, action: UnsafeMutablePointer<Float>)
}
