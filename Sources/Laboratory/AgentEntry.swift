public import Configuration
public import Interfaces
public import Kernels

/// An agent made from settings.
public struct AgentInstance {
  /// The agent, untrained.
  public let agent: any Agent
  /// Every setting with its value.
  public let settings: ConfigurationTree
}

/// Defaults of a run of an agent that differ in some environments, such as those of a paper's own experiments: its own
/// settings, the loop's (`run.copies`) and the environment's (`environment.wrappers`).
public struct AgentPreset: Sendable {
  /// Names of the environments.
  public let environments: [String]
  /// What differs, as on the command line: `agent.updates=40`.
  public let settings: [String]

  /// `settings`, as on the command line, are defaults in `environments`.
  public init(_ environments: [String], _ settings: [String]) {
    self.environments = environments
    self.settings = settings
  }

  /// The settings as a tree.
  func tree() throws(ConfigurationError) -> ConfigurationTree {
    var tree = ConfigurationTree()
    for setting in settings { tree = tree.merging(try ConfigurationTree(assignment: setting, source: "preset")) }
    return tree
  }
}

/// A run that is over in seconds, for checks that every agent goes through.
public struct TinyRun: Sendable {
  /// Name of an environment in which the agent can act.
  public let environment: String
  /// Settings that make it small and let it train within the first half of 120 steps, as on the command line.
  public let settings: [String]

  /// A run with `settings` in the environment of that name.
  public init(in environment: String, _ settings: [String]) {
    self.environment = environment
    self.settings = settings
  }
}

/// An agent of the catalog: how to document it and how to make it.
public struct AgentEntry: Sendable {
  /// Name on the command line.
  public let name: String
  /// One line for lists.
  public let summary: String
  /// Its settings. They share the root of a run's tree with those of the loop (`RunSettings`), so that users write
  /// `planner.horizon`.
  public let documentation: [SettingDocumentation]
  /// Rough wall time of a step with default settings on one core; a study starts the longest runs first by it.
  public let secondsPerStep: Double
  /// Defaults that differ in some environments.
  public let presets: [AgentPreset]
  /// A run for the checks that every agent goes through.
  public let tiny: TinyRun
  /// Why it can collect in one copy of an environment only; nil where it can in any number.
  public let singleCopyReason: String?
  private let build:
    @Sendable (ConfigurationTree, EnvironmentInstance, RandomStream) throws(ConfigurationError) -> AgentInstance
  private let resolveSettings:
    @Sendable (ConfigurationTree, EnvironmentInstance) throws(ConfigurationError) -> ConfigurationTree

  /// An agent with settings of type `Settings`.
  ///
  /// - Parameters:
  ///   - secondsPerStep: rough wall time of a step with default settings; only orders the runs of a study.
  ///   - presets: defaults that differ in some environments; what users set wins over them.
  ///   - tiny: a run that is over in seconds.
  ///   - singleCopyReason: why it can collect in one copy of an environment only, in words that follow its name.
  ///   - defaults: its settings where neither presets nor users say otherwise.
  ///   - resolve: decides settings that are left open (`auto`) by what the environment offers; the manifest has the result.
  ///   - make: builds the agent for an environment from decoded settings, all of its own randomness coming from the
  ///     stream; throws when settings contradict one another or the agent cannot act in that environment. Acting on
  ///     the environment itself is left to the loop: only its spec and objective are meant to be used, or a copy to
  ///     plan in.
  public init<Settings: Configuration>(
    _ name: String, summary: String, secondsPerStep: Double = 0.001, presets: [AgentPreset] = [],
    tiny: TinyRun, singleCopyReason: String? = nil, defaults: Settings = Settings(),
    resolve: @escaping @Sendable (inout Settings, EnvironmentInstance) throws(ConfigurationError) -> Void = { _, _ in },
    make: @escaping @Sendable (Settings, EnvironmentInstance, RandomStream) throws(ConfigurationError) -> any Agent
  ) {
    precondition(isEntryName(name), "'\(name)' cannot name a folder")
    self.name = name
    self.summary = summary
    self.secondsPerStep = secondsPerStep
    self.presets = presets
    self.tiny = tiny
    self.singleCopyReason = singleCopyReason
    let documentation = defaults.documentation()
    self.documentation = documentation
    let groups = SettingOwners.groups(of: documentation)
    @Sendable func resolved(
      _ tree: ConfigurationTree, _ environment: EnvironmentInstance
    ) throws(ConfigurationError) -> Settings {
      var settings = defaults
      settings = try settings.updated(
        by: AgentEntry.preset(presets, in: environment.name).filter { groups.contains($0) })
      settings = try settings.updated(by: tree)
      try resolve(&settings, environment)
      return settings
    }
    resolveSettings = { tree, environment throws(ConfigurationError) in try resolved(tree, environment).resolved() }
    build = { tree, environment, random throws(ConfigurationError) in
      let settings = try resolved(tree, environment)
      return AgentInstance(agent: try make(settings, environment, random), settings: settings.resolved())
    }
  }

  /// What presets say of a run in the environment of that name that is not about the agent's own settings.
  func runPreset(in environment: String) throws(ConfigurationError) -> ConfigurationTree {
    let groups = SettingOwners.groups(of: documentation)
    return try AgentEntry.preset(presets, in: environment).filter { !groups.contains($0) }
  }

  private static func preset(
    _ presets: [AgentPreset], in environment: String
  ) throws(ConfigurationError) -> ConfigurationTree {
    var tree = ConfigurationTree()
    for preset in presets where preset.environments.contains(environment) { tree = tree.merging(try preset.tree()) }
    return tree
  }

  /// Its settings with their values in `environment`, without making it. Throws `ConfigurationError` naming the setting
  /// at fault; whether it can act there only `make` finds out.
  ///
  /// - Parameter tree: settings that differ from the defaults.
  public func resolve(
    _ tree: ConfigurationTree, for environment: EnvironmentInstance
  ) throws(ConfigurationError) -> ConfigurationTree {
    try resolveSettings(tree, environment)
  }

  /// Makes the agent.
  ///
  /// - Parameters:
  ///   - tree: its settings; an empty tree gives the defaults.
  ///   - environment: where it will act.
  ///   - random: source of its initialization and of whatever it draws outside of episodes.
  /// - Throws: `ConfigurationError` naming the setting at fault, or saying why it cannot act in that environment.
  public func make(
    _ tree: ConfigurationTree = ConfigurationTree(), for environment: EnvironmentInstance, using random: RandomStream
  ) throws(ConfigurationError) -> AgentInstance {
    try build(tree, environment, random)
  }
}
