/// The last step that a model imagined of N rows, and what of it the model predicts itself.
public protocol ImaginedSteps {
  /// The states [N, D], row-major; valid until the next call.
  var states: UnsafePointer<Float> { get }

  /// Rewards [N] of the last step if the model predicts them; nil where a known objective scores the steps.
  var predictedRewards: UnsafePointer<Float>? { get }

  /// Whether each of the [N] rows terminated in the last step, if the model predicts it; nil where a known objective
  /// says so. Rows go on all the same: what becomes of a terminated one is the caller's to ignore.
  var predictedTerminations: UnsafePointer<Bool>? { get }
}

extension ImaginedSteps {
  /// Not predicted: the objective knows.
  public var predictedTerminations: UnsafePointer<Bool>? { nil }

  /// Rewards and terminations [N] of the last step, from `states` [N, D] under `actions` [N, A]: those that the model
  /// predicts, else those of `objective`, which are written to `rewards` and `terminated`. Does not allocate.
  public func score(
    by objective: any Objective, count: Int, states before: UnsafePointer<Float>, actions: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) -> (rewards: UnsafePointer<Float>, terminated: UnsafePointer<Bool>) {
    let (earned, ended) = (predictedRewards, predictedTerminations)
    if earned == nil || ended == nil {
      objective.evaluate(
        count: count, states: before, actions: actions, next: states, rewards: rewards, terminated: terminated)
    }
    return (earned ?? UnsafePointer(rewards), ended ?? UnsafePointer(terminated))
  }
}
