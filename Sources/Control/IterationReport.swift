/// How an iteration, or a whole optimization, ended.
public enum OptimizationStatus: Sendable, Equatable {
  /// A step was taken; another may follow.
  case improved
  /// There is nothing more to gain.
  case converged(Convergence)
  /// No step could be taken, or none made sense; the trajectory is the best one so far.
  case stopped(Failure)

  /// Why a search counts as converged.
  public enum Convergence: Sendable, Equatable {
    /// The open-loop corrections are smaller than the tolerance.
    case correction
    /// The last step, which was taken, improved the cost by less than the tolerance.
    case improvement
    /// The improvement that is left is below the rounding of the cost.
    case rounding
  }

  /// Why a search stopped before.
  public enum Failure: Sendable, Equatable {
    /// The largest regularization did not make Q_uu positive definite and a step improve.
    case regularization
    /// Derivatives along the trajectory, or what follows from them, are NaN or infinite.
    case notFinite
  }
}

/// What one iteration did.
public struct IterationReport: Sendable, Equatable {
  /// Cost of the trajectory after it.
  public var cost: Double
  /// How it ended.
  public var status = OptimizationStatus.improved
  /// α of the step that was taken, 0 if none was.
  public var stepLength = 0.0
  /// What the quadratic model predicted.
  public var expectedImprovement = 0.0
  /// By how much the cost fell.
  public var improvement = 0.0
  /// Regularization of the last backward pass.
  public var regularization = 0.0
  /// Backward passes, more than one where regularization had to grow.
  public var backwardPasses = 0
  /// Largest open-loop correction, relative to 1 + |action|.
  public var correction = 0.0

  init(cost: Double) { self.cost = cost }
}

/// What a whole optimization did.
public struct OptimizationReport: Sendable, Equatable {
  /// Cost of the trajectory that it ended with.
  public var cost: Double
  /// Iterations, the last one included.
  public var iterations = 0
  /// How it ended; `improved` if the iterations were used up.
  public var status = OptimizationStatus.improved
  /// Regularization of the last backward pass.
  public var regularization = 0.0

  init(cost: Double) { self.cost = cost }
}
