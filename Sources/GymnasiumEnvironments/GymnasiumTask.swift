public import Configuration
import Archive
import Foundation

/// Which Gymnasium environment, made how, and in which Python.
public struct GymnasiumTask: Sendable, Hashable {
  /// The name users type, such as `gymnasium:LunarLander-v3`.
  public let name: String
  /// What `gymnasium.make` is called with, such as `LunarLander-v3`.
  let identifier: String
  /// What is imported before, by name or from a file that ends in `.py`; nil where nothing need be.
  let module: String?
  /// Keyword arguments of `gymnasium.make`, as a JSON object.
  let arguments: String
  let stepLimit: Int?
  let interpreter: String
  let workers: Int
  let stepTimeout: Double
  let startTimeout: Double

  /// Before the identifier in `name`.
  public static let prefix = "gymnasium:"

  /// The environment of a name `gymnasium:ID` or `gymnasium:MODULE:ID`. Nothing is started.
  ///
  /// - Throws: `ConfigurationError` for a name of another form.
  public init(_ name: String, _ settings: GymnasiumSettings = GymnasiumSettings()) throws(ConfigurationError) {
    let rest = name.dropFirst(Self.prefix.count)
    let colon = rest.lastIndex(of: ":")
    let identifier = colon.map { rest[rest.index(after: $0)...] } ?? rest
    let module = colon.map { rest[..<$0] }
    guard name.hasPrefix(Self.prefix), !identifier.isEmpty, module.map({ !$0.isEmpty }) ?? true else {
      throw ConfigurationError(
        kind: .outOfRange,
        problem: "'\(name)' names no environment: expected gymnasium:ID or gymnasium:MODULE:ID, such as "
          + "gymnasium:LunarLander-v3 or gymnasium:my_tasks.py:MyTask-v0")
    }
    self.name = name
    self.identifier = String(identifier)
    self.module = module.map(String.init)
    arguments = settings.arguments.pythonJSON
    stepLimit = settings.stepLimit
    interpreter = settings.python ?? PythonInterpreter.found()
    workers = settings.workers
    stepTimeout = settings.stepTimeout
    startTimeout = settings.startTimeout
  }
}
