import Interfaces

/// Reward and termination on observations as a task's `score` has them, through the states that observations show.
public protocol TaskObjective: Objective {
  /// The task.
  associatedtype Task: StateSpaceTask

  /// Who scores.
  var task: Task { get }
}

extension TaskObjective {
  /// Scores `count` transitions, as `Objective` says.
  public func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) {
    let (size, actionSize) = (task.spec.observationSize, task.spec.action.size)
    for row in 0..<count {
      (rewards[row], terminated[row]) = task.score(
        task.state(fromObservation: states + row * size), actions + row * actionSize,
        next: task.state(fromObservation: next + row * size))
    }
  }
}
