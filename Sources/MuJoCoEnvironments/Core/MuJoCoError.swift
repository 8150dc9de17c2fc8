#if MuJoCo

import Foundation

/// Why a MuJoCo environment cannot be made or go on.
public enum MuJoCoError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The folder with Gymnasium's model files was not found.
  case noModelFolder(file: String)
  /// The folder with the models of DeepMind's control suite was not found.
  case noSuiteFolder(file: String)
  /// The source tree with this package's own model files was not found.
  case noSourceTree(file: String)
  /// MuJoCo cannot read a model file; its own message.
  case rejected(file: String, message: String)
  /// A model that does not fit the task.
  case unsuitable(file: String, problem: String)
  /// The loaded library is another version than the headers that the program was built with.
  case versionMismatch(library: Int, headers: Int)
  /// A component of an action is NaN.
  case actionIsNotANumber(environment: String, action: [Float])
  /// The simulation became unstable: MuJoCo's warning says what it found.
  case diverged(environment: String, found: String)

  /// One sentence, with what to do.
  public var description: String {
    switch self {
    case .noModelFolder(let file):
      "the model \(file) comes with the Python package gymnasium, which was not found in the folder .venv of Foresight's source "
        + "tree (above the program or here; FORESIGHT_HOME names another place): `make setup` installs it"
    case .noSuiteFolder(let file):
      "the model \(file) comes with the Python package dm_control, which was not found in the folder .venv of Foresight's source "
        + "tree (above the program or here; FORESIGHT_HOME names another place): `make setup` installs it"
    case .noSourceTree(let file):
      "the model \(file) is in Foresight's source tree, which was not found here or above the program"
    case .rejected(let file, let message):
      "MuJoCo cannot load \(file): \(message)"
    case .unsuitable(let file, let problem):
      "the model \(file) does not fit: \(problem)"
    case .versionMismatch(let library, let headers):
      "the MuJoCo library is version \(library) and the program was built for \(headers): build it again with `make build`"
    case .actionIsNotANumber(let environment, let action):
      "\(environment) was given the action \(action), which is not a number"
    case .diverged(let environment, let found):
      "\(environment) diverged: \(found)"
    }
  }
}

#endif
