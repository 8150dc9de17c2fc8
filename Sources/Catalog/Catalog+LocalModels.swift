import Agents
import Configuration
import Interfaces
import Kernels
import Laboratory
import Learners
import Models

/// What local regressions are helped by.
enum LocalPrior: String, CaseIterable, SettingValue {
  case none
  case mixture
  case network
}

/// What can be set of the dynamics of local models.
struct LocalDynamicsSettings: Configuration {
  init() {}
  @Setting("Prior of the regressions: none, a Gaussian mixture, or a network of all dynamics") var prior: LocalPrior =
    .mixture
  @SettingGroup("Regression") var regression = LocalRegressionSettings()
  @SettingGroup("Ensemble of the prior `network`; its mean is linearized") var network = EnsembleSettings.ofPriors
}

extension EnsembleSettings {
  /// Small enough to be fitted anew in every iteration.
  static var ofPriors: EnsembleSettings {
    var settings = EnsembleSettings()
    settings.members = 3
    settings.hidden = [64, 64]
    settings.weightDecay = [1e-4]
    settings.propagation = .mean
    return settings
  }
}

extension LocalDynamicsSettings {
  func validate() throws(ConfigurationError) {
    if network.propagation != .mean { throw ConfigurationError("network.propagation", "must be mean for a prior") }
    if network.learnsReward == true { throw ConfigurationError("network.learns_reward", "must be false for a prior") }
  }

  /// Hands `body` the estimator for `task`.
  func withEstimator(
    for task: LocalTask, using random: RandomStream,
    _ body: (any LinearGaussianEstimator) throws(ConfigurationError) -> any Agent
  ) throws(ConfigurationError) -> any Agent {
    var regression = regression
    if prior == .none { regression.strength = 0 }
    let (n, m) = (task.stateSize, task.actionSize)
    if prior == .network {
      let ensemble = ProbabilisticEnsemble(network, stateSize: n, actionSize: m, using: random.child("network"))
      return try body(NetworkRegression(regression, model: ensemble))
    }
    return try body(MixtureRegression(regression, inputSize: n + m, outputSize: n))
  }
}

/// What can be set of LQR with fitted local models.
struct LocalModelSettings: Configuration {
  init() {}
  @SettingGroup("Iterations and controllers") var agent = LocalSearchSettings()
  @SettingGroup("Local dynamics") var model = LocalDynamicsSettings()
}

extension AgentEntry {
  private static let oneAfterAnother =
    "collects trajectories of its initial conditions one after another, each by the newest controllers: it needs 1 copy"

  /// LQR with fitted local models.
  static let localModels = AgentEntry(
    "lqr-flm", summary: "LQR with fitted local models: bounded updates of local controllers", secondsPerStep: 0.0005,
    singleCopyReason: oneAfterAnother
  ) { (settings: LocalModelSettings, environment, random) throws(ConfigurationError) in
    let task = try localTask(environment, for: "lqr-flm")
    func agent(_ estimator: some LinearGaussianEstimator) throws(ConfigurationError) -> any Agent {
      try LocalModelAgent(settings.agent, task: task, estimator: estimator, using: random)
    }
    return try settings.model.withEstimator(for: task, using: random) { estimator throws(ConfigurationError) in
      try agent(estimator)
    }
  }
}

/// What can be set of guided policy search by mirror descent.
struct GuidedMirrorSettings: Configuration {
  init() {}
  @SettingGroup("Iterations and controllers") var agent = LocalSearchSettings()
  @SettingGroup("Global policy's part") var guided = GuidedSearchSettings()
  @SettingGroup("Global policy") var policy = PolicyRegressionSettings()
  @SettingGroup("Local dynamics") var model = LocalDynamicsSettings()
  @SettingGroup("Linearization of the global policy") var linearization = LocalRegressionSettings.ofPolicies
}

/// What can be set of guided policy search by multipliers.
struct GuidedMultiplierSettings: Configuration {
  init() {}
  @SettingGroup("Iterations and controllers") var agent = LocalSearchSettings()
  @SettingGroup("Global policy's part") var guided = GuidedSearchSettings()
  @SettingGroup("Multipliers and weights") var coupling = MultiplierCouplingSettings()
  @SettingGroup("Global policy") var policy = PolicyRegressionSettings()
  @SettingGroup("Local dynamics") var model = LocalDynamicsSettings()
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
    secondsPerStep: 0.002, singleCopyReason: oneAfterAnother
  ) { (settings: GuidedMultiplierSettings, environment, random) throws(ConfigurationError) in
    try guidedPolicySearch(
      "gps-badmm", settings.agent, settings.guided, .multipliers(settings.coupling), settings.policy, settings.model,
      settings.linearization, environment, random)
  }

  /// Guided policy search by mirror descent.
  static let guidedByMirrorDescent = AgentEntry(
    "gps-mirror", summary: "guided policy search: local controllers and a network, coupled by mirror descent",
    secondsPerStep: 0.002, singleCopyReason: oneAfterAnother
  ) { (settings: GuidedMirrorSettings, environment, random) throws(ConfigurationError) in
    try guidedPolicySearch(
      "gps-mirror", settings.agent, settings.guided, .mirror, settings.policy, settings.model, settings.linearization,
      environment, random)
  }

  private static func guidedPolicySearch(
    _ name: String, _ agent: LocalSearchSettings, _ guided: GuidedSearchSettings, _ coupling: PolicyCoupling,
    _ policy: PolicyRegressionSettings, _ model: LocalDynamicsSettings, _ linearization: LocalRegressionSettings,
    _ environment: EnvironmentInstance, _ random: RandomStream
  ) throws(ConfigurationError) -> any Agent {
    let task = try localTask(environment, for: name)
    let (n, m) = (task.stateSize, task.actionSize)
    let global = PolicyRegression(
      policy, observationSize: try guided.components(of: task).count, low: task.low, high: task.high,
      using: random.child("policy"))
    func make(_ estimator: some LinearGaussianEstimator) throws(ConfigurationError) -> any Agent {
      try GuidedPolicySearch(
        guided, agent, coupling: coupling, task: task, estimator: estimator, policy: global,
        linearizer: MixtureRegression(linearization, inputSize: n, outputSize: m), using: random.child("agent"))
    }
    return try model.withEstimator(for: task, using: random) { estimator throws(ConfigurationError) in
      try make(estimator)
    }
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
