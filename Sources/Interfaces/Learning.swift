import Archive
import Kernels

/// Improves a policy from transitions of any origin, real or imagined.
public protocol OffPolicyLearner: Checkpointable {
  /// Metrics that `update` records, in order.
  static var metricNames: [String] { get }

  /// Writes an action for one observation.
  mutating func act(on observation: [Float], explore: Bool, using random: inout RandomStream, action: inout [Float])

  /// One gradient step on a batch. Does not allocate after the first call. Throws `NumericalFailure` when a loss is not
  /// finite.
  mutating func update(
    on batch: TransitionBatch, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure)
}
