import Archive
import Experience
import Interfaces
import Kernels

/// Improves a stochastic policy from what it just did, and then forgets it.
public protocol OnPolicyLearner: Checkpointable {
  /// Metrics that `update` records, in order.
  static var metricNames: [String] { get }

  /// The policy as it is now. O(1): parameters are shared, not copied.
  var policy: StochasticPolicy { get }

  /// Parameters of the policy and of the value function, flat.
  var parameters: Vector { get set }

  /// Learns from a segment that `policy` collected. `steps` are environment steps taken so far, over all copies, for
  /// what changes with progress. Does not allocate after the first call of a given size. Throws `NumericalFailure` when
  /// a loss is not finite.
  mutating func update(
    on segment: RolloutSegment, steps: Int, using random: inout RandomStream, metrics: inout MetricRow
  ) throws(NumericalFailure)

  /// How `update` estimates the policy's gradient to begin with.
  var gradientEstimate: GradientEstimate { get }

  /// Gradients [minibatches][policy parameters] along which the expected advantage grows, estimated by `estimate` at the
  /// parameters as they are, of each full minibatch in a random order. Changes nothing that `update` depends on.
  mutating func policyGradients(
    on segment: RolloutSegment, _ estimate: GradientEstimate, using random: inout RandomStream
  ) -> [[Float]]
}
