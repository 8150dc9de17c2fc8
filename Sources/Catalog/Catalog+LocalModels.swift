import Agents
import Configuration
import Interfaces
import Laboratory
import Models

/// What can be set of LQR with fitted local models.
struct LocalModelSettings: Configuration {
  init() {}
  @SettingGroup("Iterations and controllers") var agent = LocalSearchSettings()
  @SettingGroup("Local dynamics") var model = LocalRegressionSettings()
}

extension AgentEntry {
  /// LQR with fitted local models.
  static let localModels = AgentEntry(
    "lqr-flm", summary: "LQR with fitted local models: bounded updates of local controllers", secondsPerStep: 0.0005
  ) { (settings: LocalModelSettings, environment, random) throws(ConfigurationError) in
    let task = try localTask(environment, for: "lqr-flm")
    let estimator = MixtureRegression(
      settings.model, inputSize: task.stateSize + task.actionSize, outputSize: task.stateSize)
    return try LocalModelAgent(settings.agent, task: task, estimator: estimator, using: random)
  }
}

/// What local models know of `environment`, if it has what they need.
func localTask(_ environment: EnvironmentInstance, for agent: String) throws(ConfigurationError) -> LocalTask {
  _ = try continuous(environment, for: agent)
  func task(_ task: some ConditionedEnvironment) -> LocalTask { LocalTask(task) }
  guard let conditioned = environment.environment as? any ConditionedEnvironment else {
    throw ConfigurationError(
      kind: .relation,
      problem: "\(agent) needs a task with a known cost of its trajectories, without wrappers, such as "
        + "\(Catalog.conditionedNames.joined(separator: ", ")); \(environment.name) is none")
  }
  guard environment.spec.stepLimit < EnvironmentSpec.unlimited else {
    throw ConfigurationError(
      kind: .relation, problem: "\(agent) needs episodes of limited length; those of \(environment.name) have no limit")
  }
  return task(conditioned)
}

extension Catalog {
  /// Names of the tasks that local models can work on.
  static let conditionedNames: [String] = environments.filter {
    (try? $0.make())?.environment is any ConditionedEnvironment
  }.map(\.name)
}
