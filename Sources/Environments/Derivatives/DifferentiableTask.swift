import Interfaces

/// A task with continuous actions whose equations hold over any kind of number, so that `TaskDynamics` has their exact
/// derivatives. States have at most four components, actions too, and both together at most eight.
///
/// Implementations name the kinds of numbers that the package uses with `@_specialize`; without that they work, far
/// slower.
public protocol DifferentiableTask: StateSpaceTask where State.Scalar: BinaryFloatingPoint {
  /// The state that follows `state` under `action`, which lies within the bounds, and the reward of the step. In plain
  /// numbers of the task's own precision it agrees with `successor` and `score` to rounding.
  func transition<Scalar: DynamicsScalar>(
    from state: ScalarVector<Scalar>, under action: ScalarVector<Scalar>
  ) -> (next: ScalarVector<Scalar>, reward: Scalar)

  /// Writes the observation of `state` without rounding it, `spec.observationSize` numbers.
  func observe<Scalar: DynamicsScalar>(
    _ state: ScalarVector<Scalar>, into observation: UnsafeMutablePointer<Scalar>)
}

extension DifferentiableTask {
  /// With exact derivatives.
  public var dynamics: TaskDynamics<Self> { TaskDynamics(self) }

  public var trueWorld: any LearnedWorld {
    TrueWorld(KnownRewards(DifferentiableTrueModel(self), objective), dynamics: SharedDynamics(dynamics))
  }
}
