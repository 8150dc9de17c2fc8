public import Interfaces

/// Why a run could not start or go on, in words meant for the user.
public enum RunError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The folder holds a run with other settings, or files that are no run's.
  case occupied(folder: String, reason: String)
  /// Going on would run code that another user may have written.
  case foreign(folder: String, owner: String)
  /// Another process is working in the folder.
  case busy(folder: String)
  /// The folder was taken by a process of another machine while this one stood still.
  case lost(folder: String)
  /// What the run is made of has changed since it was submitted.
  case changed(reason: String)
  /// A number is not finite.
  case numerical(NumericalFailure, step: Int)
  /// The environment failed.
  case environment(reason: String, step: Int)
  /// A folder that should hold a saved run does not.
  case nothingSaved(folder: String)
  /// A saved run has no checkpoint of a step, or of its best evaluation if that is nil.
  case noCheckpoint(folder: String, step: Int?, kept: [Int])

  public var description: String {
    switch self {
    case .occupied(let folder, let reason):
      "\(folder) holds another run: \(reason). Nothing was changed. A new --label (in a study: another agent's name) keeps "
        + "both; --force starts anew"
    case .foreign(let folder, let owner):
      "\(folder) belongs to \(owner), and its checkpoint holds a pickle of a Python environment: going on from it would run "
        + "whatever \(owner) put there. Nothing was changed; --trust goes on all the same"
    case .busy(let folder): "\(folder) is in use by another process"
    case .lost(let folder):
      "\(folder) was taken by another machine while this process stood still; nothing more was written"
    case .changed(let reason): "\(reason) since the run was submitted: submit it again"
    case .numerical(let failure, let step): "\(failure) at step \(step)"
    case .environment(let reason, let step): "the environment failed at step \(step): \(reason)"
    case .nothingSaved(let folder): "\(folder) holds no saved run"
    case .noCheckpoint(let folder, let step, let kept):
      "\(folder) has no checkpoint of \(step.map { "step \($0)" } ?? "its best evaluation"), only of "
        + kept.map(String.init).joined(separator: ", ")
    }
  }
}
