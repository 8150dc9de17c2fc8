public import Configuration
public import Interfaces
internal import Wrappers

/// One environment made from settings, with what an agent may know about it.
public struct EnvironmentInstance: Sendable {
  /// The entry's name, such as `Pendulum-v1`.
  public let name: String
  /// The environment in its wrappers, not yet reset.
  public let environment: any Environment
  /// Reward and termination of imagined steps; nil where the task offers none or its wrappers change what it was about.
  public let objective: (any Objective)?
  /// Every setting with its value.
  public let settings: ConfigurationTree
  let buildVector: @Sendable (Int) throws(ConfigurationError) -> any VectorEnvironment
  let buildAnother: @Sendable () throws(ConfigurationError) -> any Environment

  /// Shapes and limits.
  public var spec: EnvironmentSpec { environment.spec }

  /// `count` copies of the environment, stepped together; where its wrappers normalize, by statistics they have in common.
  public func makeVector(count: Int) throws(ConfigurationError) -> any VectorEnvironment { try buildVector(count) }

  /// What a run with `count` copies steps: `environment` itself where it is the only one.
  func makeCopies(count: Int) throws(ConfigurationError) -> any VectorEnvironment {
    count == 1 ? environment.alone() : try makeVector(count: count)
  }

  /// `count` environments to measure in: `environment` and others made alike.
  func makeSeparate(count: Int) throws(ConfigurationError) -> [any Environment] {
    var environments = [environment]
    while environments.count < count { environments.append(try buildAnother()) }
    return environments
  }
}

/// An environment of the catalog: how to document it and how to make it.
public struct EnvironmentEntry: Sendable {
  /// Name on the command line.
  public let name: String
  /// Name of the folder of its results: `name` with `_` for what a folder's name had better not have.
  public var folderName: String { String(name.map { isEntryName("a\($0)") ? $0 : "_" }) }
  /// One line for lists.
  public let summary: String
  /// Its settings, keys prefixed with `environment.`, and those of its wrappers, with `environment.wrappers.`.
  public let documentation: [SettingDocumentation]
  private let build: @Sendable (ConfigurationTree) throws(ConfigurationError) -> EnvironmentInstance

  private static var path: String { SettingOwners.environmentGroup }
  private static var wrapperKey: String { "wrappers" }
  private static var wrapperPath: String { "\(path).\(wrapperKey)" }

  /// An environment with settings of type `Settings`, which are `defaults` where users say nothing.
  ///
  /// - Parameter make: builds the environment and its objective from decoded settings; throws when they contradict one
  ///   another.
  public init<Settings: Configuration, Made: Environment>(
    _ name: String, summary: String, defaults: Settings = Settings(),
    make: @escaping @Sendable (Settings) throws(ConfigurationError) -> (environment: Made, objective: (any Objective)?)
  ) {
    self.name = name
    self.summary = summary
    let own = defaults.documentation(path: Self.path)
    precondition(own.allSatisfy { !$0.key.hasPrefix(Self.wrapperPath + ".") }, "\(name) has a setting of wrappers")
    let documentation = own + WrapperSettings.documentation(path: Self.wrapperPath)
    self.documentation = documentation
    build = { tree throws(ConfigurationError) in
      // dotted keys become groups
      let tree = ConfigurationTree().merging(tree)
      let settings: Settings
      do throws(ConfigurationError) {
        settings = try defaults.updated(by: tree.filter { $0 != Self.wrapperKey }, path: Self.path)
      } catch {
        throw error.kind == .unknownKey ? error.suggesting(documentation.map(\.key)) : error
      }
      let wrappers = try WrapperSettings.decode(tree[Self.wrapperKey] ?? ConfigurationTree(), path: Self.wrapperPath)
      @Sendable func wrapped(_ wrappers: WrapperSettings) throws(ConfigurationError) -> WrappedTask {
        let made = try make(settings)
        var task = WrappedTask(made.environment, objective: made.objective)
        try task.wrap(wrappers, path: Self.wrapperPath)
        return task
      }
      let task = try wrapped(wrappers)
      return EnvironmentInstance(
        name: name, environment: task.environment, objective: task.objective,
        settings: settings.resolved().merging(.mapping([(Self.wrapperKey, wrappers.resolved())])),
        buildVector: { count throws(ConfigurationError) in
          try wrappers.makeVector(count: count, path: Self.wrapperPath) { wrappers throws(ConfigurationError) in
            try wrapped(wrappers).environment
          }
        },
        buildAnother: { () throws(ConfigurationError) in try wrapped(wrappers).environment })
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

extension ConfigurationError {
  /// The same error about an unknown key, with the nearest of `known` keys.
  fileprivate func suggesting(_ known: [String]) -> ConfigurationError {
    guard let key, let question = suggestion(for: key, among: known) else { return self }
    return ConfigurationError(kind: kind, key: key, value: value, location: location, problem: question)
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
