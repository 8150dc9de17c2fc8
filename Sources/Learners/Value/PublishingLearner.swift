import Interfaces
import Kernels

/// A learner whose acting parameters can be handed from the thread that trains them to the one that acts.
public protocol PublishingLearner: OffPolicyLearner {
  /// Parameters that it acts with.
  var actingParameters: Vector { get }

  /// Acts with `parameters`, as many as its own, from now on. Copies them.
  mutating func adopt(_ parameters: Vector)

  /// Counts so many decisions that were taken elsewhere, for schedules of exploration.
  mutating func countDecisions(_ count: Int)
}
