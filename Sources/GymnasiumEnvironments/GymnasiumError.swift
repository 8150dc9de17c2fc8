/// What can go wrong with an environment in a Python process, in words meant for the user.
public enum GymnasiumError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Python could not be started, or has no Gymnasium.
  case cannotStart(reason: String)
  /// The environment cannot be made or used; `isMistake` where the name or a setting is wrong, and not the code.
  case refused(environment: String, reason: String, traceback: String, isMistake: Bool)
  /// Python raised an exception while it did something.
  case raised(environment: String, activity: String, exception: String, traceback: String)
  /// The process ended by itself.
  case died(environment: String, activity: String, reason: String)
  /// The process took longer than it may, and was ended.
  case timedOut(environment: String, activity: String, seconds: Double, setting: String)
  /// A number is NaN or infinite; `what` leads up to it, such as "a reward of".
  case notFinite(environment: String, what: String, value: String)
  /// The state of an episode under way cannot be copied.
  case cannotCopy(environment: String, reason: String)

  public var description: String {
    switch self {
    case .cannotStart(let reason): reason
    case .refused(let environment, let reason, let traceback, _):
      Self.text("\(environment) cannot be used: \(reason)", traceback)
    case .raised(let environment, let activity, let exception, let traceback):
      Self.text("\(environment) raised an exception in \(activity): \(exception)", traceback)
    case .died(let environment, let activity, let reason):
      "the Python process of \(environment) ended in \(activity): \(reason)"
    case .timedOut(let environment, let activity, let seconds, let setting):
      "\(environment) did not come back from \(activity) within \(seconds) seconds (environment.\(setting))"
    case .notFinite(let environment, let what, let value): "\(environment) returned \(what) \(value)"
    case .cannotCopy(let environment, let reason):
      "an episode of \(environment) cannot be copied while it is under way: \(reason)"
    }
  }

  private static func text(_ line: String, _ traceback: String) -> String {
    traceback.isEmpty ? line : line + "\n" + traceback
  }
}
