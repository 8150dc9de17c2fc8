import Experience
import Interfaces
import Kernels

/// How a learner estimates the policy's gradient at the start of an update.
public struct GradientEstimate: Sendable, Equatable {
  /// Discount of a step.
  public var discount: Float
  /// Lambda of generalized advantage estimates; 1 for the rewards to go less the value of the state.
  public var lambda: Float
  /// Whether advantages of a minibatch, or of the segment where there are none, are given mean 0 and deviation 1.
  public var normalizesAdvantages: Bool
  /// Rows of a minibatch; nil where all rows are one.
  public var batchSize: Int?

  /// An estimate by these settings.
  public init(discount: Float, lambda: Float, normalizesAdvantages: Bool = false, batchSize: Int? = nil) {
    self.discount = discount
    self.lambda = lambda
    self.normalizesAdvantages = normalizesAdvantages
    self.batchSize = batchSize
  }

  /// The Monte-Carlo estimate of the same gradient: whole returns less values, nothing normalized, all rows at once. The
  /// values' errors do not bias it, except where episodes are cut.
  public var monteCarlo: GradientEstimate { GradientEstimate(discount: discount, lambda: 1) }
}

/// An agent whose policy's gradient can be examined.
public protocol GradientExaminable {
  /// The policy as it is now.
  var policy: StochasticPolicy { get }
  /// How it estimates its gradient.
  var gradientEstimate: GradientEstimate { get }
  /// Whether `segment` is as long as those that it learns from.
  func isFull(_ segment: RolloutSegment) -> Bool
  /// As `OnPolicyLearner.policyGradients`, of its learner.
  mutating func policyGradients(
    on segment: RolloutSegment, _ estimate: GradientEstimate, using random: inout RandomStream
  ) -> [[Float]]
}

extension OnPolicyCore {
  /// Gradients of the mean of A log p by the policy's parameters, of each minibatch in a random order.
  mutating func policyGradients(
    on segment: RolloutSegment, _ estimate: GradientEstimate, using random: inout RandomStream
  ) -> [[Float]] {
    let evaluation = evaluate(segment)
    evaluation.estimateAdvantages(segment, discount: estimate.discount, lambda: estimate.lambda)
    let size = min(estimate.batchSize ?? segment.rows, segment.rows)
    if size < segment.rows { shuffle(using: &random) }
    let loss = MinibatchLoss(part: .policy, objective: ScoreFunction())
    // a last minibatch that is not full would have another variance
    return (0..<segment.rows / size).map { batch in
      _ = differentiate(
        loss, segment, batch * size..<(batch + 1) * size, normalizing: estimate.normalizesAdvantages)
      return UnsafeBufferPointer(start: gradientPointer, count: networks.policyRange.count).map { -$0 }
    }
  }
}
