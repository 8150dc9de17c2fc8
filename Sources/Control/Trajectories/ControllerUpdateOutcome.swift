import Interfaces

/// What a found update is, and how it was found.
public struct ControllerUpdateReport: Sendable, Equatable {
  /// The new controller.
  public var controller: TimedLinearGaussian
  /// Its trajectory in the fitted dynamics.
  public var distribution: TrajectoryDistribution
  /// η_t, [T]; all the same where the bound is on the whole trajectory.
  public var multipliers: [Double]
  /// KL divergence from the previous controller, by step, [T].
  public var divergences: [Double]
  /// The part of the search interval for η that was left (for bounds on steps: the least and the largest η_t).
  public var bracket: ClosedRange<Double>
  /// Backward passes.
  public var evaluations: Int
  /// Whether the bound is met without making use of all of it: the least η was reached.
  public var isInactive: Bool
}

/// How an update ended.
public enum ControllerUpdateOutcome: Sendable {
  /// The controller to use next.
  case updated(ControllerUpdateReport)
  /// There is none; the previous one stays.
  case failed(ControllerUpdateFailure)
}

/// Why no controller was found, with what was tried.
public enum ControllerUpdateFailure: Error, Sendable, Equatable {
  /// The previous controller, or the policy to stay near, has a covariance that is not positive definite.
  case degenerateReference
  /// The expected cost to go has no minimum in the actions even at the largest η tried; `step` is where it failed last.
  case indefinite(step: Int, eta: Double)
  /// Costs, dynamics or what follows from them are NaN or infinite, up to that η.
  case notFinite(eta: Double)
  /// The divergence nearest to the bound that was found, and the interval of η searched.
  case constraint(divergence: Double, bracket: ClosedRange<Double>)

  /// A word for tables.
  public var name: String {
    switch self {
    case .degenerateReference: "degenerate"
    case .indefinite: "indefinite"
    case .notFinite: "not-finite"
    case .constraint: "constraint"
    }
  }

  /// The largest η tried; nil where none was.
  public var eta: Double? {
    switch self {
    case .degenerateReference: nil
    case .indefinite(_, let eta), .notFinite(let eta): eta
    case .constraint(_, let bracket): bracket.upperBound
    }
  }
}
