import Kernels

/// A model whose imagined trajectories can be differentiated: what gradients of returns by actions or by a policy's
/// parameters go back through.
public protocol DifferentiableModel: DynamicsModel {
  /// Mutable companion that keeps what its steps' derivatives need.
  associatedtype DifferentiableSteps: DifferentiableRollout

  /// Whether next states are drawn from a density, so that `pullBack` knows scores.
  var isStochastic: Bool { get }

  /// The same model with every step at its expectation, a function of state and action alone; the model itself where it is
  /// one already. O(1): parameters are shared.
  var expectation: Self { get }

  /// A rollout of at most `capacity` states that keeps up to `steps` steps. Allocates; everything after it does not.
  func makeDifferentiableRollout(capacity: Int, steps: Int) -> DifferentiableSteps
}

/// Imagined states whose steps since the last `reset` are all kept, and can be differentiated in any order.
///
/// All randomness of a step is held fixed (the pathwise, or reparametrized, derivative): with noise e, s' = m(s, a) +
/// σ(s, a) e, and a model of several members keeps its choice among them.
public protocol DifferentiableRollout: ModelRollout {
  /// Steps since the last `reset`, T.
  var steps: Int { get }

  /// The states [N, D] after `step` steps, 0...T; valid until the next `reset`.
  func states(at step: Int) -> UnsafePointer<Float>

  /// Vector-Jacobian product of the step from `step` to `step + 1`, 0..<T: given the gradients of a scalar with respect to
  /// the next states [N, D] (nil for zero) and to the predicted rewards [N] (nil for zero; ignored where the model
  /// predicts none), writes its gradients with respect to the states [N, D] and to the actions [N, A].
  ///
  /// With `scoreWeights` w [N], adds for each row w times the gradient of the logarithm of the density of the next state
  /// drawn, the state itself held fixed: the likelihood ratio's part. The model must be stochastic then. Rewards that are
  /// drawn have no score; their derivative is always pathwise. Does not allocate.
  mutating func pullBack(
    step: Int, nextGradients: UnsafePointer<Float>?, rewardGradients: UnsafePointer<Float>?,
    scoreWeights: UnsafePointer<Float>?, stateGradients: UnsafeMutablePointer<Float>,
    actionGradients: UnsafeMutablePointer<Float>)
}

/// An objective whose rewards can be differentiated.
public protocol DifferentiableObjective: Objective {
  /// Writes the derivatives of each row's reward with respect to its state [N, D], action [N, A] and next state [N, D].
  ///
  /// Where rewards have kinks (bounds of actions), derivatives are those of the branch taken, those at a bound being
  /// taken from within. Terminations count for nothing. Rows are independent; called from several threads at once on
  /// disjoint rows. Does not allocate.
  func differentiate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    stateGradients: UnsafeMutablePointer<Float>, actionGradients: UnsafeMutablePointer<Float>,
    nextGradients: UnsafeMutablePointer<Float>)
}
