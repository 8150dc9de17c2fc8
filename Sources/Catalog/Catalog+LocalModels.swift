import Agents
import Configuration
import Interfaces
import Kernels
import Laboratory
import Learners
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

/// What can be set of guided policy search by mirror descent.
struct GuidedMirrorSettings: Configuration {
  init() {}
  @SettingGroup("Iterations and controllers") var agent = LocalSearchSettings()
  @SettingGroup("Global policy's part") var guided = GuidedSearchSettings()
  @SettingGroup("Global policy") var policy = PolicyRegressionSettings()
  @SettingGroup("Local dynamics") var model = LocalRegressionSettings()
  @SettingGroup("Linearization of the global policy") var linearization = LocalRegressionSettings.ofPolicies
}

/// What can be set of guided policy search by multipliers.
struct GuidedMultiplierSettings: Configuration {
  init() {}
  @SettingGroup("Iterations and controllers") var agent = LocalSearchSettings()
  @SettingGroup("Global policy's part") var guided = GuidedSearchSettings()
  @SettingGroup("Multipliers and weights") var coupling = MultiplierCouplingSettings()
  @SettingGroup("Global policy") var policy = PolicyRegressionSettings()
  @SettingGroup("Local dynamics") var model = LocalRegressionSettings()
  @SettingGroup("Linearization of the global policy") var linearization = LocalRegressionSettings.ofPolicies
}

extension LocalRegressionSettings {
  /// Only the newest trajectories show the policy as it is.
  static var ofPolicies: LocalRegressionSettings {
    var settings = LocalRegressionSettings()
    settings.history = 1
    return settings
  }
}

extension AgentEntry {
  /// Guided policy search by multipliers.
  static let guidedByMultipliers = AgentEntry(
    "gps-badmm", summary: "guided policy search: local controllers and a network, coupled by Lagrange multipliers",
    secondsPerStep: 0.002
  ) { (settings: GuidedMultiplierSettings, environment, random) throws(ConfigurationError) in
    try guidedPolicySearch(
      "gps-badmm", settings.agent, settings.guided, .multipliers(settings.coupling), settings.policy, settings.model,
      settings.linearization, environment, random)
  }

  /// Guided policy search by mirror descent.
  static let guidedByMirrorDescent = AgentEntry(
    "gps-mirror", summary: "guided policy search: local controllers and a network, coupled by mirror descent",
    secondsPerStep: 0.002
  ) { (settings: GuidedMirrorSettings, environment, random) throws(ConfigurationError) in
    try guidedPolicySearch(
      "gps-mirror", settings.agent, settings.guided, .mirror, settings.policy, settings.model, settings.linearization,
      environment, random)
  }

  private static func guidedPolicySearch(
    _ name: String, _ agent: LocalSearchSettings, _ guided: GuidedSearchSettings, _ coupling: PolicyCoupling,
    _ policy: PolicyRegressionSettings, _ model: LocalRegressionSettings, _ linearization: LocalRegressionSettings,
    _ environment: EnvironmentInstance, _ random: RandomStream
  ) throws(ConfigurationError) -> any Agent {
    let task = try localTask(environment, for: name)
    let (n, m) = (task.stateSize, task.actionSize)
    let global = PolicyRegression(
      policy, observationSize: try guided.components(of: task).count, low: task.low, high: task.high,
      using: random.child("policy"))
    return try GuidedPolicySearch(
      guided, agent, coupling: coupling, task: task,
      estimator: MixtureRegression(model, inputSize: n + m, outputSize: n), policy: global,
      linearizer: MixtureRegression(linearization, inputSize: n, outputSize: m), using: random.child("agent"))
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
