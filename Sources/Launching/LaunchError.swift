/// Why runs could not be handed over, in words meant for the user.
public enum LaunchError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A scheduler's command is not installed.
  case noScheduler(command: String)
  /// A scheduler's command failed.
  case refused(command: String, reason: String)
  /// What was asked for makes no sense.
  case settings(String)
  /// Another process is submitting runs of the same study.
  case busy(folder: String)

  public var description: String {
    switch self {
    case .noScheduler(let command): "there is no '\(command)' here: are you on a machine that submits to the cluster?"
    case .refused(let command, let reason): "\(command) failed: \(reason)"
    case .settings(let problem): problem
    case .busy(let folder): "\(folder) is in use by another 'study submit'"
    }
  }
}
