/// What a policy is taught: at each of N observations the mean action of a local controller, with the precision of that
/// controller and a weight.
public struct PolicyRegressionData: Sendable, Equatable {
  /// Numbers in an observation as the policy sees it, D.
  public let observationSize: Int
  /// Numbers in an action, m.
  public let actionSize: Int
  /// Observations, [N, D].
  public var observations: [Double] = []
  /// Wanted means, [N, m].
  public var means: [Double] = []
  /// Precision matrices, [N, m, m].
  public var precisions: [Double] = []
  /// Weights, [N], not negative.
  public var weights: [Double] = []

  /// No samples yet.
  public init(observationSize: Int, actionSize: Int) {
    precondition(observationSize > 0 && actionSize > 0, "no observation or action")
    self.observationSize = observationSize
    self.actionSize = actionSize
  }

  /// Number of samples, N.
  public var count: Int { weights.count }
}
