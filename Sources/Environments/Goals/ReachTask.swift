import Archive
import Interfaces

/// A task of reaching a goal of the plane, drawn with each episode and shown: the reward of a step is 0 within `tolerance` of it
/// and -1 elsewhere, as in Plappert et al. (2018). Nothing terminates.
public protocol ReachTask: StateSpaceTask, GoalTask where State == SIMD8<Double> {
  /// Distance within which the goal is reached, in m.
  var tolerance: Double { get }

  /// Where that is which is to be at the goal, in m.
  static func place(of state: SIMD8<Double>) -> SIMD2<Double>
}

extension ReachTask {
  public var measureNames: [String] { ["success"] }

  /// 1 where the episode's last step is at the goal.
  public var measures: [Double] { [isReached(in: episode.state) ? 1 : 0] }

  public func score(
    _ state: SIMD8<Double>, _ action: UnsafePointer<Float>, next: SIMD8<Double>
  ) -> (reward: Float, terminated: Bool) { (isReached(in: next) ? 0 : -1, false) }

  /// Goals are the states' components 4 and 5.
  private func isReached(in state: SIMD8<Double>) -> Bool {
    let away = Self.place(of: state) - SIMD2(state[4], state[5])
    return (away * away).sum() <= tolerance * tolerance
  }
}

/// The rewards of a task of reaching.
public struct ReachObjective<Task: ReachTask>: TaskObjective {
  public let task: Task
}
