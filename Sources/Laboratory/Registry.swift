public import Configuration

/// Everything that can be run, by name.
public struct Registry: Sendable {
  /// Environments, in the order of lists.
  public let environments: [EnvironmentEntry]
  /// Environments that are named by a prefix and more, in the order of lists.
  public let families: [EnvironmentFamily]
  /// Agents, in the order of lists.
  public let agents: [AgentEntry]
  /// Planners and models, in the order of lists.
  public let components: [ComponentEntry]

  /// A registry of these entries. Names must differ within each list, and no agent may have a setting whose first
  /// component is one of the loop's (`evaluation`, `checkpoint`, `log`) or `environment`.
  public init(
    environments: [EnvironmentEntry], families: [EnvironmentFamily] = [], agents: [AgentEntry],
    components: [ComponentEntry] = []
  ) {
    for environment in environments {
      precondition(isEntryName(environment.name), "'\(environment.name)' cannot name a folder")
    }
    for names in [environments.map(\.name), agents.map(\.name), components.map { "\($0.kind) \($0.name)" }] {
      precondition(Set(names).count == names.count, "a name is registered twice in \(names)")
    }
    let reserved = SettingOwners.runGroups.union([SettingOwners.environmentGroup])
    for agent in agents {
      let clashes = SettingOwners.groups(of: agent.documentation).intersection(reserved)
      precondition(clashes.isEmpty, "settings \(clashes.sorted()) of agent \(agent.name) belong to the run")
    }
    self.environments = environments
    self.families = families
    self.agents = agents
    self.components = components
  }

  /// The environment of that name. Throws with the nearest known name, and with `location` if given.
  public func environment(
    _ name: String, at location: SourceLocation? = nil
  ) throws(ConfigurationError) -> EnvironmentEntry {
    if let entry = environments.first(where: { $0.name == name }) { return entry }
    guard let family = families.first(where: { name.hasPrefix($0.prefix) }) else {
      throw .unknownName(
        "environment", name, known: environments.map(\.name) + families.map(\.pattern), at: location)
    }
    return try family.environment(name)
  }

  /// The agent of that name. Throws with the nearest known name.
  public func agent(_ name: String) throws(ConfigurationError) -> AgentEntry {
    guard let entry = agents.first(where: { $0.name == name }) else {
      throw .unknownName("agent", name, known: agents.map(\.name))
    }
    return entry
  }
}

extension ConfigurationError {
  /// A name that nothing has, with the nearest known one, or all of them.
  public static func unknownName(
    _ what: String, _ name: String, known: [String], at location: SourceLocation? = nil
  ) -> ConfigurationError {
    let hint =
      nearestName(to: name, among: known).map { "did you mean '\($0)'?" }
      ?? "known are \(known.joined(separator: ", "))"
    return ConfigurationError(kind: .outOfRange, location: location, problem: "unknown \(what) '\(name)': \(hint)")
  }
}
