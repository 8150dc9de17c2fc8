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
  private let build:
    @Sendable (ConfigurationTree, EnvironmentInstance, RandomStream) throws(ConfigurationError) -> AgentInstance

  /// An agent with settings of type `Settings`.
  ///
  /// - Parameters:
  ///   - secondsPerStep: rough wall time of a step with default settings; only orders the runs of a study.
  ///   - settle: decides settings that are left open (`auto`) by what the environment offers; the manifest has the result.
  ///   - make: builds the agent for an environment from decoded settings, all of its own randomness coming from the
  ///     stream; throws when settings contradict one another or the agent cannot act in that environment. Acting on
  ///     the environment itself is left to the loop: only its spec and objective are meant to be used, or a copy to
  ///     plan in.
  public init<Settings: Configuration>(
    _ name: String, summary: String, secondsPerStep: Double = 0.001, settings: Settings.Type = Settings.self,
    settle: @escaping @Sendable (inout Settings, EnvironmentInstance) throws(ConfigurationError) -> Void = { _, _ in },
    make: @escaping @Sendable (Settings, EnvironmentInstance, RandomStream) throws(ConfigurationError) -> any Agent
  ) {
    precondition(isEntryName(name), "'\(name)' cannot name a folder")
    self.name = name
    self.summary = summary
    self.secondsPerStep = secondsPerStep
    documentation = Settings.documentation()
    build = { tree, environment, random throws(ConfigurationError) in
      var settings = try Settings.decode(tree)
      try settle(&settings, environment)
      return AgentInstance(agent: try make(settings, environment, random), settings: settings.resolved())
    }
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
