import Archive
import Kernels

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

  /// No lessons yet.
  public init(observationSize: Int, actionSize: Int) {
    precondition(observationSize > 0 && actionSize > 0, "empty lessons")
    self.observationSize = observationSize
    self.actionSize = actionSize
  }

  /// Number of lessons, N.
  public var count: Int { weights.count }
}

/// A Gaussian policy N(mu(o), S) that is taught by supervised regression: what guided policy search trains.
public protocol SupervisedPolicy: Checkpointable {
  /// Numbers in an observation.
  var observationSize: Int { get }
  /// Numbers in an action.
  var actionSize: Int { get }
  /// Whether it was taught anything yet.
  var isTrained: Bool { get }
  /// S, [m, m], the same everywhere.
  var covariance: [Double] { get }

  /// Lowers Σ_i w_i (mu(o_i) - m_i)ᵀ P_i (mu(o_i) - m_i), and sets S to the inverse of the precisions' weighted mean.
  /// The loss in the end, relative to that of the best constant mean. Throws `NumericalFailure` when it is not finite.
  mutating func learn(_ lessons: PolicyRegressionData, using random: inout RandomStream) throws(NumericalFailure)
    -> Double

  /// Writes the means [N, m] for `observations` [N, D]. Does not allocate.
  func writeMeans(
    count: Int, _ observations: UnsafePointer<Double>, into means: UnsafeMutablePointer<Double>)
}
