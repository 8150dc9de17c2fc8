import Interfaces

/// Parts of the loss of TD-MPC2's world, averaged over batch and steps with their weights by step, and the norm of its
/// gradient.
struct TDMPC2Losses {
  var consistency = 0.0
  var reward = 0.0
  var value = 0.0
  var termination = 0.0
  var norm: Float = 0

  static func += (total: inout TDMPC2Losses, part: TDMPC2Losses) {
    total.consistency += part.consistency
    total.reward += part.reward
    total.value += part.value
    total.termination += part.termination
  }

  func total(_ settings: TDMPC2LearnerSettings) -> Float {
    Float(
      Double(settings.consistencyWeight) * consistency + Double(settings.rewardWeight) * reward
        + Double(settings.valueWeight) * value + Double(settings.terminationWeight) * termination)
  }

  /// Records them; throws if one is not finite.
  func record(in metrics: inout MetricRow, withTermination: Bool) throws(NumericalFailure) {
    try record("consistency_loss", consistency, in: &metrics)
    try record("reward_loss", reward, in: &metrics)
    try record("value_loss", value, in: &metrics)
    if withTermination { try record("termination_loss", termination, in: &metrics) }
    try record("gradient_norm", Double(norm), in: &metrics)
  }

  private func record(
    _ name: String, _ value: Double, in metrics: inout MetricRow
  ) throws(NumericalFailure) {
    let value = Float(value)
    guard value.isFinite else { throw NumericalFailure(metric: name, value: value) }
    metrics.record(name, value)
  }
}
