import Archive
import Kernels

/// Improves a policy from transitions of any origin, real or imagined.
public protocol OffPolicyLearner: ActingLearner {
  /// The policy that it improves.
  associatedtype Acting: Policy

  /// Metrics that `update` records, in order.
  static var metricNames: [String] { get }

  /// Discount of a step.
  var discount: Float { get }

  /// The policy as it is now, for acting on many observations at once. O(1): parameters are shared, not copied.
  var policy: Acting { get }

  /// One gradient step on a batch. Does not allocate after the first call. Throws `NumericalFailure` when a loss is not
  /// finite.
  mutating func update(
    on batch: TransitionBatch, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure)
}

/// A learner whose critics can be fitted to targets from elsewhere, such as a model's rollouts.
///
/// `update` is `fitValues` at the batch's states and actions, with targets
/// rewards + discount * continues * `bootstrap.values` of the next states, followed by `improvePolicy` at the states.
public protocol ValueLearner: OffPolicyLearner {
  /// What targets bootstrap from.
  associatedtype Bootstrap: BootstrapValue

  /// The target networks as they are now. O(1): parameters are shared, not copied.
  var bootstrap: Bootstrap { get }

  /// One gradient step of the critics on the average over the rows of weight * 1/2 (Q(s, a) - target)^2 (or the method's own
  /// measure of the error), and of whatever moves with them, such as target networks. Does not allocate after the first
  /// call of a given size. Throws `NumericalFailure` when the loss is not finite.
  mutating func fitValues(to batch: ValueBatch, metrics: inout MetricRow) throws(NumericalFailure)

  /// The policy's part of an update, at `observations` [N, D], to follow each `fitValues`; nothing where the critics are
  /// the policy. Does not allocate after the first call of a given size. Throws `NumericalFailure` when the loss is not
  /// finite.
  mutating func improvePolicy(
    at observations: Matrix, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure)
}

/// A learner whose critics can be differentiated by the action.
public protocol DifferentiableValueLearner: ValueLearner {
  /// The critics' common estimate.
  associatedtype Critic: ActionValue

  /// The critics as they are now (not their targets). O(1): parameters are shared, not copied.
  var critic: Critic { get }
}
