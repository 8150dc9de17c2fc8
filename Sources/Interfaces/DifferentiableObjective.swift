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
