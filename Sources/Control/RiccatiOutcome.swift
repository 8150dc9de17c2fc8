/// How a backward pass ended.
public enum RiccatiOutcome: Sendable, Equatable {
  /// A minimum was found at every step; the change of cost that one step along k promises.
  case solved(ExpectedChange)
  /// At step `step`, the Hessian of the cost to go in the action, Q_uu, is not positive definite (with bounds: in the actions
  /// that are not at one), `pivot` being the first pivot of its factorization that is not positive; regularization can
  /// help.
  case indefinite(step: Int, pivot: Double)
  /// A number in the problem, or one that follows from it at step `step`, is NaN or infinite.
  case notFinite(step: Int)
}

/// Change of the cost to go when the open-loop part of a feedback law is scaled by α: α `linear` + α² `quadratic` (Tassa,
/// Erez and Todorov 2012, equation 7b).
public struct ExpectedChange: Sendable, Equatable {
  /// Σ k_tᵀ Q_u, not positive.
  public var linear = 0.0
  /// Σ k_tᵀ Q_uu k_t / 2, not negative where no regularization was needed.
  public var quadratic = 0.0

  /// The change for a step of length `alpha`.
  public func change(_ alpha: Double) -> Double { alpha * linear + alpha * alpha * quadratic }
}

/// What is added to make an indefinite Hessian of the action positive definite.
public struct Regularization: Sendable, Equatable {
  /// λ in Q_uu + λ I: actions are kept near their nominal ones (Levenberg-Marquardt).
  public var action = 0.0
  /// μ in B'(V' + μ I) B and B'(V' + μ I) A: states are kept near their nominal ones (Tassa, Erez and Todorov 2012,
  /// equation 10).
  public var state = 0.0

  /// All zero by default.
  public init(action: Double = 0, state: Double = 0) {
    precondition(action >= 0 && state >= 0, "negative regularization")
    self.action = action
    self.state = state
  }

  var isNone: Bool { action == 0 && state == 0 }
}
