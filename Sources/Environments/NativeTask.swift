import Configuration
import Interfaces

/// An environment written in this package: it has settings, a name, and an objective that planners can evaluate.
public protocol NativeTask: Environment {
  /// What can be changed about the task; the defaults are the published task.
  associatedtype Settings: Configuration
  /// The type of `objective`.
  associatedtype Score: Objective

  /// The name users type, such as `Pendulum-v1`.
  static var name: String { get }
  /// What the task asks for, in one line.
  static var summary: String { get }

  /// A task that has not been reset yet.
  init(_ settings: Settings)

  /// Reward and termination as functions of observations and actions. On actions within the bounds, and outside them
  /// after the same clipping, the rewards are those of `step` up to the rounding of observations to `Float`.
  /// Observations that are not finite never score well: the reward is not finite, or it is the worst there is, or the
  /// episode terminates where that is bad.
  var objective: Score { get }
}
