public import Configuration
public import Interfaces

/// One environment made from settings, with what an agent may know about it.
public struct EnvironmentInstance: Sendable {
  /// The entry's name, such as `Pendulum-v1`.
  public let name: String
  /// The environment, not yet reset.
  public let environment: any Environment
  /// Reward and termination of imagined steps; nil where the task offers none.
  public let objective: (any Objective)?
  /// Every setting with its value.
  public let settings: ConfigurationTree

  /// Shapes and limits.
  public var spec: EnvironmentSpec { environment.spec }
}

/// An environment of the catalog: how to document it and how to make it.
public struct EnvironmentEntry: Sendable {
  /// Name on the command line and of the folder of its results.
  public let name: String
  /// One line for lists.
  public let summary: String
  /// Its settings, keys prefixed with `environment.`.
  public let documentation: [SettingDocumentation]
  private let build: @Sendable (ConfigurationTree) throws(ConfigurationError) -> EnvironmentInstance

  /// An environment with settings of type `Settings`.
  ///
  /// - Parameter make: builds the environment and its objective from decoded settings; throws when they contradict one
  ///   another.
  public init<Settings: Configuration, Made: Environment>(
    _ name: String, summary: String, settings: Settings.Type = Settings.self,
    make: @escaping @Sendable (Settings) throws(ConfigurationError) -> (environment: Made, objective: (any Objective)?)
  ) {
    precondition(isEntryName(name), "'\(name)' cannot name a folder")
    self.name = name
    self.summary = summary
    documentation = Settings.documentation(path: "environment")
    build = { tree throws(ConfigurationError) in
      let settings = try Settings.decode(tree, path: "environment")
      let made = try make(settings)
      return EnvironmentInstance(
        name: name, environment: made.environment, objective: made.objective, settings: settings.resolved())
    }
  }

  /// Makes the environment.
  ///
  /// - Parameter tree: its settings, without the prefix `environment.`; an empty tree gives the defaults.
  /// - Throws: `ConfigurationError` naming the setting at fault.
  public func make(_ tree: ConfigurationTree = ConfigurationTree()) throws(ConfigurationError) -> EnvironmentInstance {
    try build(tree)
  }
}

/// Whether a name can be a folder's name everywhere and needs no quoting: letters, digits, `.`, `_`, `-`, and no dot first.
package func isEntryName(_ name: String) -> Bool {
  !name.isEmpty && name.first != "."
    && name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
}
