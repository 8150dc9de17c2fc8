internal import Configuration

/// Splits a run's tree of settings among the loop, the agent and the environment, by the first component of each key.
struct SettingOwners {
  /// First components of the loop's keys.
  static let runGroups = groups(of: RunSettings.documentation())
  /// First component of the environment's keys.
  static let environmentGroup = "environment"

  /// First components of the keys of some settings.
  static func groups(of documentation: [SettingDocumentation]) -> Set<String> {
    Set(documentation.map { String($0.key.prefix { $0 != "." }) })
  }

  let run: ConfigurationTree
  let agent: ConfigurationTree
  let environment: ConfigurationTree

  /// Splits `tree`, whose dotted keys are expanded first. Throws for a key that belongs to nobody, with the nearest key
  /// among all.
  init(_ tree: ConfigurationTree, agent: AgentEntry, environment: EnvironmentEntry) throws(ConfigurationError) {
    let tree = ConfigurationTree().merging(tree)
    let agentGroups = Self.groups(of: agent.documentation)
    let owned = Self.runGroups.union(agentGroups).union([Self.environmentGroup])
    if let unknownKey = tree.keys.first(where: { !owned.contains($0) }), let value = tree[unknownKey] {
      let known = (agent.documentation + RunSettings.documentation() + environment.documentation).map(\.key)
      let leaf = value.leaves(prefix: unknownKey).first ?? (key: unknownKey, value: value)
      throw ConfigurationError(
        kind: .unknownKey, key: leaf.key, location: leaf.value.location,
        problem: suggestion(for: leaf.key, among: known)
          ?? "'foresight describe \(agent.name)' lists the agent's settings")
    }
    run = tree.filter { Self.runGroups.contains($0) }
    self.agent = tree.filter { agentGroups.contains($0) }
    self.environment = tree[Self.environmentGroup] ?? ConfigurationTree()
  }
}
