import Interfaces
import Networks

/// Means of losses over the minibatches of an update.
struct UpdateReport {
  private var sums = MinibatchMeans()
  private var normSum: Float = 0
  private var batches: Float = 0
  /// Steps that the optimizer took.
  private(set) var steps = 0

  /// Takes in a minibatch and, unless no step followed, the norm of its gradient. Throws if a loss or the norm is not
  /// finite.
  mutating func add(_ means: MinibatchMeans, gradientNorm: Float?) throws(NumericalFailure) {
    guard means.policyLoss.isFinite else { throw NumericalFailure(metric: "policy_loss", value: means.policyLoss) }
    guard means.valueLoss.isFinite else { throw NumericalFailure(metric: "value_loss", value: means.valueLoss) }
    sums.policyLoss += means.policyLoss
    sums.valueLoss += means.valueLoss
    sums.entropy += means.entropy
    sums.approximateDivergence += means.approximateDivergence
    sums.divergence += means.divergence
    sums.clipFraction += means.clipFraction
    batches += 1
    guard let gradientNorm else { return }
    guard gradientNorm.isFinite else { throw NumericalFailure(metric: "gradient_norm", value: gradientNorm) }
    normSum += gradientNorm
    steps += 1
  }

  /// Mean share of clipped rows.
  var clipFraction: Float { sums.clipFraction / max(batches, 1) }

  /// Mean KL(old || new), where the loss weighed it.
  var divergence: Float { sums.divergence / max(batches, 1) }

  /// Records what every learner reports.
  func record(in metrics: inout MetricRow) {
    guard batches > 0 else { return }
    metrics.record("policy_loss", sums.policyLoss / batches)
    metrics.record("value_loss", sums.valueLoss / batches)
    metrics.record("entropy", sums.entropy / batches)
    metrics.record("approx_kl", sums.approximateDivergence / batches)
    if steps > 0 { metrics.record("gradient_norm", normSum / Float(steps)) }
  }
}

extension Schedule {
  /// From `start` to 0 in a straight line over `steps` steps, or without them constant.
  static func falling(_ start: Float, over steps: Int?) -> Schedule {
    steps.map { .linear(start: start, end: 0, steps: $0) } ?? .constant(start)
  }
}
