import Interfaces

/// Means over the rows of a fit: the critics' losses, summed over the critics, and their average value.
struct CriticLosses {
  var loss: Float = 0
  var value: Float = 0

  /// Records them; throws if the loss is not finite.
  func record(in metrics: inout MetricRow) throws(NumericalFailure) {
    guard loss.isFinite else { throw NumericalFailure(metric: "critic_loss", value: loss) }
    metrics.record("critic_loss", loss)
    metrics.record("q_value", value)
  }
}

/// Means over the rows of a policy's improvement.
struct ActorLosses {
  var loss: Float = 0
  var entropy: Float = 0

  /// Records the loss; throws if it is not finite.
  func record(in metrics: inout MetricRow) throws(NumericalFailure) {
    guard loss.isFinite else { throw NumericalFailure(metric: "actor_loss", value: loss) }
    metrics.record("actor_loss", loss)
  }
}
