import Kernels

/// A model whose predictions can be examined: an equally weighted mixture of members, each of which gives independent
/// Gaussians over the components of the next state.
public protocol PredictiveModel: DynamicsModel {
  /// Members whose predictions count, M.
  var memberCount: Int { get }

  /// Means [N, D] and standard deviations [N, D] of the states that follow `states` [N, D] under `actions` [N, A], as
  /// member `member`, in 0..<M, predicts them; deviations of zero where it predicts means alone. Allocates.
  func predict(member: Int, states: Matrix, actions: Matrix) -> (means: Matrix, deviations: Matrix)

  /// Mean rewards [N] of those steps and the probabilities [N] that they terminate, as member `member` predicts them; nil
  /// for what it does not predict. Allocates.
  func predictOutcomes(member: Int, states: Matrix, actions: Matrix) -> (rewards: [Float]?, terminations: [Float]?)
}

extension PredictiveModel {
  /// Neither: most models predict states alone.
  public func predictOutcomes(
    member: Int, states: Matrix, actions: Matrix
  ) -> (rewards: [Float]?, terminations: [Float]?) { (nil, nil) }
}

/// An agent that learns a model which can be examined.
public protocol ModelLearning {
  /// The model as it is now; nil before it has been fitted, or if it cannot be examined.
  var learnedModel: (any PredictiveModel)? { get }
}
