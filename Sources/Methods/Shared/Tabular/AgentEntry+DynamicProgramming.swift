import Configuration
import Interfaces
import Laboratory
import Models

extension AgentEntry {
  /// The agent `name`, which plans by `search` in `environment`.
  static func dynamicProgramming(
    _ settings: DynamicProgrammingSettings, in environment: EnvironmentInstance, name: String,
    search: @escaping DynamicProgrammingAgent.Search
  ) throws(ConfigurationError) -> DynamicProgrammingAgent {
    let sizes = try NumberedStates(of: environment, for: name)
    guard settings.world == .oracle else {
      return DynamicProgrammingAgent(settings, states: sizes.states, actions: sizes.actions, search: search)
    }
    guard let known = environment.environment as? any FiniteEnvironment else {
      throw ConfigurationError(
        kind: .relation, key: "agent.world", value: settings.world.rawValue,
        problem: "needs an environment whose process is known, such as FrozenLake-v1, without wrappers; "
          + "\(environment.name) tells none: use learned")
    }
    return DynamicProgrammingAgent(settings, in: known.process, search: search)
  }
}
