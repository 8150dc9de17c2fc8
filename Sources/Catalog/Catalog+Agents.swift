import Agents
import Configuration
import Interfaces
import Kernels
import Laboratory
import Learners
import Models
import Planners

extension Catalog {
  static let agents: [AgentEntry] = [
    .planning("pets", "PETS: plans with CEM in a probabilistic ensemble", CrossEntropy.self),
    .planning("pets-icem", "PETS with the iCEM planner", ImprovedCrossEntropy.self),
    .planning("pets-mppi", "PETS with the MPPI planner", PathIntegral.self),
    .planning("pets-random-shooting", "PETS with random shooting", RandomShooting.self),
    .modelPredictiveControl,
    .offPolicy("sac", "soft actor-critic") { (settings: OffPolicyAgentSettings<SoftActorCriticSettings>, box, random) in
      SoftActorCritic(
        settings.learner, observationSize: box.observationSize, low: box.low, high: box.high, using: random)
    },
    .offPolicy("td3", "twin delayed deep deterministic policy gradient") {
      (settings: OffPolicyAgentSettings<DeterministicActorCriticSettings>, box, random) in
      DeterministicActorCritic(
        settings.learner, observationSize: box.observationSize, low: box.low, high: box.high, using: random)
    },
    .offPolicy("ddpg", "deep deterministic policy gradient") {
      (settings: DeepDeterministicAgentSettings, box, random) in
      DeterministicActorCritic(
        settings.learner, observationSize: box.observationSize, low: box.low, high: box.high, using: random)
    },
    .offPolicy("naf", "Q-learning with a normalized advantage function") {
      (settings: OffPolicyAgentSettings<NormalizedAdvantageFunctionSettings>, box, random) in
      NormalizedAdvantageFunction(
        settings.learner, observationSize: box.observationSize, low: box.low, high: box.high, using: random)
    },
    AgentEntry("dqn", summary: "deep Q-network, double or dueling, for discrete actions", secondsPerStep: 0.002) {
      (settings: OffPolicyAgentSettings<DeepQNetworkSettings>, environment, random) throws(ConfigurationError) in
      let spec = environment.spec
      guard case .discrete(let actions) = spec.action else {
        throw ConfigurationError(
          kind: .relation, problem: "dqn needs one choice among discrete actions; \(environment.name) has other actions"
        )
      }
      return OffPolicyAgent(
        settings.agent,
        learner: DeepQNetwork(
          settings.learner, observationSize: spec.observationSize, actions: actions, using: random.child("learner")),
        spec: spec, using: random.child("agent"))
    },
    .modelBasedAcceleration,
    .qLearning,
    .dynaQ,
    .iterativeLQR,
    AgentEntry("random", summary: "uniformly random actions, the baseline", secondsPerStep: 2e-6) {
      (_: RandomAgentSettings, environment, random) throws(ConfigurationError) in
      RandomAgent(action: environment.spec.action, random: random)
    },
  ]
}

/// What can be set of a planning agent: its schedule, its planner and its model.
struct PlanningAgentSettings<Search: ContinuousPlanner>: Configuration {
  init() {}
  @SettingGroup("Schedule and imagination") var agent = PlanningSettings()
  @SettingGroup("Planner") var planner = Search.Settings()
  @SettingGroup("Dynamics model") var model = EnsembleSettings()
}

/// What can be set of an off-policy agent: its schedule and its learner.
protocol OffPolicyAgentConfiguration: Configuration {
  associatedtype Learner: Configuration
  var agent: OffPolicySettings { get }
  var learner: Learner { get }
}

/// The same with the learner's own defaults.
struct OffPolicyAgentSettings<Learner: Configuration>: OffPolicyAgentConfiguration {
  init() {}
  @SettingGroup("Schedule and replay") var agent = OffPolicySettings()
  @SettingGroup("Learner") var learner = Learner()
}

/// The same with DDPG's defaults.
struct DeepDeterministicAgentSettings: OffPolicyAgentConfiguration {
  init() {}
  @SettingGroup("Schedule and replay") var agent = OffPolicySettings()
  @SettingGroup("Learner") var learner = DeterministicActorCriticSettings.deepDeterministic
}

/// What a learner must know of an environment with continuous actions.
struct ContinuousTask {
  let observationSize: Int
  let low: [Float]
  let high: [Float]
}

extension AgentEntry {
  /// A planning agent with the given planner in a probabilistic ensemble.
  static func planning<Search: ContinuousPlanner>(_ name: String, _ summary: String, _ planner: Search.Type)
    -> AgentEntry
  {
    AgentEntry(
      name, summary: summary, secondsPerStep: 0.5, settings: PlanningAgentSettings<Search>.self,
      settle: { settings, environment throws(ConfigurationError) in
        try settings.model.settle(for: environment, path: "model")
        try settings.agent.checkReplanning(horizon: settings.planner.horizon)
      },
      make: { settings, environment, random throws(ConfigurationError) in
        let spec = try continuous(environment, for: name)
        let model = ProbabilisticEnsemble(
          settings.model, stateSize: spec.observationSize, actions: spec.action, using: random.child("model"))
        let (low, high) = spec.action.bounds
        return PlanningAgent(
          settings.agent, model: model, planner: Search(settings.planner, low: low, high: high),
          horizon: settings.planner.horizon, objective: environment.objective ?? UnknownObjective(), spec: spec,
          using: random.child("agent"))
      })
  }

  /// An off-policy agent around the learner that `make` builds.
  static func offPolicy<Settings: OffPolicyAgentConfiguration, Learner: OffPolicyLearner & SendableMetatype>(
    _ name: String, _ summary: String,
    make: @escaping @Sendable (Settings, ContinuousTask, RandomStream) -> Learner
  ) -> AgentEntry {
    AgentEntry(name, summary: summary, secondsPerStep: 0.008, settings: Settings.self) {
      settings, environment, random throws(ConfigurationError) in
      let spec = try continuous(environment, for: name)
      let (low, high) = spec.action.bounds
      let task = ContinuousTask(observationSize: spec.observationSize, low: low, high: high)
      return OffPolicyAgent(
        settings.agent, learner: make(settings, task, random.child("learner")), spec: spec, using: random.child("agent")
      )
    }
  }
}

/// The environment's spec, if its actions are a box.
func continuous(
  _ environment: EnvironmentInstance, for agent: String
) throws(ConfigurationError) -> EnvironmentSpec {
  guard case .box = environment.spec.action else {
    throw ConfigurationError(
      kind: .relation, problem: "\(agent) needs continuous actions; \(environment.name) has discrete ones")
  }
  return environment.spec
}
