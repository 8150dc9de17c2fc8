import Archive
import Kernels

/// N rows (z, y) at each of T times: what linear-Gaussian conditionals are fitted to.
public struct TimedRows: Sendable, Equatable {
  /// Rows at each time, N.
  public let count: Int
  /// Times, T.
  public let times: Int
  /// Numbers in z.
  public let inputSize: Int
  /// Numbers in y.
  public let outputSize: Int
  /// (z, y), [T, N, inputs + outputs].
  public var values: [Double]

  /// Zeros.
  public init(count: Int, times: Int, inputSize: Int, outputSize: Int) {
    precondition(count > 0 && times > 0 && inputSize > 0 && outputSize > 0, "no rows")
    self.count = count
    self.times = times
    self.inputSize = inputSize
    self.outputSize = outputSize
    values = Array(repeating: 0, count: times * count * (inputSize + outputSize))
  }

  /// Numbers in a row.
  public var width: Int { inputSize + outputSize }
}

/// Fits linear-Gaussian conditionals to few rows at each time, helped by what it knows of all times: a prior.
public protocol LinearGaussianEstimator: Checkpointable {
  /// Takes in the rows of a new iteration, one element a condition, before any fit to them.
  mutating func absorb(_ rows: [TimedRows], using random: inout RandomStream) -> PriorReport

  /// Fits y given z at every time of `rows`.
  func fit(_ rows: TimedRows) -> LinearGaussianFit
}

/// How a fit ended.
public enum LinearGaussianFit: Sendable, Equatable {
  /// The conditionals, and for each time the mean over the rows of log p(y | z), [T].
  case fitted(TimedLinearGaussian, logLikelihoods: [Double])
  /// At time `step` the covariance of the inputs could not be factored, or a number is not finite.
  case failed(step: Int)
}

/// What became of an estimator's prior.
public struct PriorReport: Sendable, Equatable {
  /// Rows that it was fitted to.
  public var rows = 0
  /// Clusters of a mixture, those dropped left out; 0 without one.
  public var clusters = 0
  /// Clusters that were dropped, because too few rows belonged to them.
  public var dropped = 0
  /// Mean log-likelihood of a row (of a mixture, in standardized coordinates), or minus the loss of a network.
  public var logLikelihood = 0.0
  /// Whether the prior could not be fitted; the one before it, or none, stays in use.
  public var failed = false

  /// Of no prior.
  public init() {}
}
