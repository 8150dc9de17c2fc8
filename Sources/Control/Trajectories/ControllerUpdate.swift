import Interfaces
import Kernels

/// What an update starts from.
public struct ControllerUpdateProblem: Sendable {
  /// Fitted dynamics.
  public var dynamics: TimeVaryingLinearGaussian
  /// Expansions of the cost about zero, T + 1 rows.
  public var costs: QuadraticCosts
  /// Where trajectories start.
  public var start: GaussianState
  /// The controller, or linearized policy, from which the divergence is bounded.
  public var previous: TimedLinearGaussian
  /// A policy that the controller pays for leaving: weights [T] times the divergence from it.
  public var policy: (conditionals: TimedLinearGaussian, weights: [Double])?

  /// A problem of T steps; all parts must have the same T, states and actions. Without `policy` only the divergence
  /// from `previous` matters.
  public init(
    dynamics: TimeVaryingLinearGaussian, costs: QuadraticCosts, start: GaussianState, previous: TimedLinearGaussian,
    policy: (conditionals: TimedLinearGaussian, weights: [Double])? = nil
  ) {
    self.dynamics = dynamics
    self.costs = costs
    self.start = start
    self.previous = previous
    self.policy = policy
  }
}

/// The update of a linear-Gaussian controller within a bound on the divergence from the previous one:
///
///     min_p E_p[Σ l] + Σ_t w_t KL(p ‖ π)_t   such that   KL(p ‖ p̄) <= ε   (on the sum over t, or on every t)
///
/// (Levine and Abbeel 2014, section 3.1; the second term, absent there, is guided policy search's). At a multiplier η
/// the Lagrangian is a maximum-entropy linear-quadratic problem of the cost l - η log p̄ - w log π at temperature η +
/// w: the surrogate cost l / η - log p̄ of the paper, times η. Its solution is u ~ N(K x + k, (η + w) Q_uu⁻¹), with K,
/// k and Q_uu from the Riccati recursion. Written this way multipliers may differ from step to step.
///
/// One multiplier is found by bracketing in log η, with the secant of log KL where that shrinks the bracket well and
/// the geometric mean elsewhere; where Q_uu is not positive definite η must grow. Multipliers of every step follow from
/// η_t ← η_t √(KL_t / ε), since far from the optimum KL goes as 1 / η². O(T (n + m)³) a pass.
public struct ControllerUpdate {
  private let settings: ControllerUpdateSettings
  private let horizon: Int
  private var problem: LinearQuadraticProblem
  private var recursion: RiccatiRecursion
  private var distribution: TrajectoryDistribution

  /// Scratch for problems of this shape.
  public init(_ settings: ControllerUpdateSettings, horizon: Int, stateSize: Int, actionSize: Int) {
    self.settings = settings
    self.horizon = horizon
    problem = LinearQuadraticProblem(horizon: horizon, stateSize: stateSize, actionSize: actionSize)
    recursion = RiccatiRecursion(horizon: horizon, stateSize: stateSize, actionSize: actionSize)
    distribution = TrajectoryDistribution(horizon: horizon, stateSize: stateSize, actionSize: actionSize)
  }

  /// One evaluation of multipliers.
  enum Evaluation {
    case feasible(ControllerUpdateReport)
    case indefinite(step: Int)
    case notFinite
  }

  /// Solves `task`. `bound` is ε for a step; the whole trajectory has T times that. The search starts at `eta`.
  public mutating func solve(_ task: ControllerUpdateProblem, bound: Double, eta: Double) -> ControllerUpdateOutcome {
    precondition(bound > 0 && eta > 0, "bound \(bound), eta \(eta)")
    precondition(task.costs.count == horizon + 1 && task.dynamics.count == horizon, "a problem of another shape")
    guard let reference = ControllerDivergence(from: task.previous) else { return .failed(.degenerateReference) }
    var base = task.costs
    var weights = [Double](repeating: 0, count: horizon)
    if let policy = task.policy {
      guard let attraction = ControllerDivergence(from: policy.conditionals) else {
        return .failed(.degenerateReference)
      }
      attraction.add(to: &base, weights: policy.weights)
      weights = policy.weights
    }
    problem.dynamics.stateJacobians = task.dynamics.stateMatrices
    problem.dynamics.actionJacobians = task.dynamics.actionMatrices
    problem.offsets = task.dynamics.offsets
    let start = min(max(eta, settings.minimalEta), settings.maximalEta)
    return search(from: start, bound: bound) { update, multipliers in
      update.evaluate(multipliers, base, weights, reference, task)
    }
  }

  private mutating func search(
    from start: Double, bound: Double, _ evaluate: (inout ControllerUpdate, [Double]) -> Evaluation
  ) -> ControllerUpdateOutcome {
    let whole = MultiplierSearch(settings, horizon: horizon, bound: bound)
    let outcome = whole.run(from: start) { evaluate(&self, $0) }
    guard settings.constraint == .step else { return outcome }
    return StepwiseMultiplierSearch(settings, horizon: horizon, bound: bound).run(from: outcome) { evaluate(&self, $0) }
  }

  /// The controller at multipliers η_t.
  private mutating func evaluate(
    _ multipliers: [Double], _ base: QuadraticCosts, _ weights: [Double], _ reference: ControllerDivergence,
    _ task: ControllerUpdateProblem
  ) -> Evaluation {
    let (n, m) = (problem.stateSize, problem.actionSize)
    problem.costs = base
    reference.add(to: &problem.costs, weights: multipliers)
    switch recursion.solve(problem) {
    case .solved: break
    case .indefinite(let step, _): return .indefinite(step: step)
    case .notFinite: return .notFinite
    }
    var controller = TimedLinearGaussian(count: horizon, inputSize: n, outputSize: m)
    controller.matrices = recursion.law.gains
    controller.offsets = recursion.law.offsets
    for t in 0..<horizon {
      // Q_uu = l_uu + Bᵀ W B
      let b = problem.dynamics.actionMatrix(t)
      var curvature = b.transposed * (recursion.valueHessian(t + 1) * b)
      for i in 0..<m * m { curvature.elements[i] += problem.costs.actionHessians[t * m * m + i] }
      guard let inverse = try? curvature.solvePositiveDefinite(.identity(m)) else { return .indefinite(step: t) }
      let temperature = multipliers[t] + weights[t]
      for i in 0..<m {
        for j in 0..<m {
          controller.covariances[(t * m + i) * m + j] = temperature * (inverse[i, j] + inverse[j, i]) / 2
        }
      }
    }
    guard distribution.propagate(task.dynamics, under: controller, from: task.start) else { return .notFinite }
    let divergences = reference.terms(of: controller, along: distribution)
    guard divergences.allSatisfy(\.isFinite) else { return .notFinite }
    return .feasible(
      ControllerUpdateReport(
        controller: controller, distribution: distribution, multipliers: multipliers, divergences: divergences,
        bracket: settings.minimalEta...settings.maximalEta, evaluations: 1, isInactive: false))
  }
}
