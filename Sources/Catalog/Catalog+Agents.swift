import Agents
import Configuration
import Interfaces
import Kernels
import Laboratory
import Learners
import Methods
import Models
import Planners

extension Catalog {
  static let agents: [AgentEntry] = [
    .planning("pets", "PETS: plans with CEM in a probabilistic ensemble", CrossEntropy.self),
    .planning("pets-icem", "PETS with the iCEM planner", ImprovedCrossEntropy.self),
    .planning("pets-mppi", "PETS with the MPPI planner", PathIntegral.self),
    .planning("pets-random-shooting", "PETS with random shooting", RandomShooting.self),
    .planning("pets-gradient", "PETS with gradient ascent through the ensemble", GradientAscent.self),
    .planning("pets-ilqr", "PETS with iLQR in the ensemble's expectation", TrajectoryOptimization.self),
    .modelPredictiveControl,
    .policyBackpropagation,
    .offPolicy("sac", "soft actor-critic", SoftActorCriticKind.self),
    .offPolicy("td3", "twin delayed deep deterministic policy gradient", TwinDelayedKind.self),
    .offPolicy("ddpg", "deep deterministic policy gradient", DeepDeterministicKind.self),
    .offPolicy("naf", "Q-learning with a normalized advantage function", NormalizedAdvantageKind.self),
    AgentEntry("dqn", summary: "deep Q-network, double or dueling, for discrete actions", secondsPerStep: 0.002) {
      (settings: OffPolicyAgentSettings<DeepQKind>, environment, random) throws(ConfigurationError) in
      guard case .discrete = environment.spec.action else {
        throw ConfigurationError(
          kind: .relation, problem: "dqn needs one choice among discrete actions; \(environment.name) has other actions"
        )
      }
      return settings.makeAgent(for: environment.spec, using: random)
    },
    .reinforce,
    .actorCritic,
    .advantageActorCritic,
    .naturalPolicyGradient,
    .trustRegionPolicyOptimization,
    .proximalPolicyOptimization,
    .klPenalty,
    .modelBasedPolicyOptimization,
    .valueExpansion("mve", SoftActorCriticKind.self),
    .valueExpansion("mve-td3", TwinDelayedKind.self),
    .valueExpansion("mve-ddpg", DeepDeterministicKind.self),
    .dyna("dyna", SoftActorCriticKind.self),
    .dyna("dyna-td3", TwinDelayedKind.self),
    .dyna("dyna-ddpg", DeepDeterministicKind.self),
    .dyna("dyna-naf", NormalizedAdvantageKind.self),
    .dynaDeepQ,
    .modelBasedAcceleration,
    .qLearning,
    .dynaQ,
    .iterativeLQR,
    .localModels,
    .guidedByMultipliers,
    .guidedByMirrorDescent,
    .distill,
    .distillDeepQ,
    .divideAndConquer,
    .distral,
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
struct OffPolicyAgentSettings<Kind: LearnerKind>: Configuration {
  init() {}
  @SettingGroup("Schedule and replay") var agent = OffPolicySettings()
  @SettingGroup("Learner") var learner = Kind.defaults

  /// The agent for an environment of `spec`, whose actions the learner can take.
  func makeAgent(for spec: EnvironmentSpec, using random: RandomStream) -> OffPolicyAgent<Kind.Learner> {
    OffPolicyAgent(
      agent, learner: Kind.make(learner, for: spec, using: random.child("learner")), spec: spec,
      using: random.child("agent"))
  }
}

extension AgentEntry {
  /// A planning agent with the given planner in a probabilistic ensemble.
  static func planning<Search: ContinuousPlanner>(_ name: String, _ summary: String, _ planner: Search.Type)
    -> AgentEntry
  {
    AgentEntry(
      name, summary: summary, secondsPerStep: 0.5, settings: PlanningAgentSettings<Search>.self,
      settle: { settings, environment throws(ConfigurationError) in
        try settings.model.settle(for: environment, path: "model", differentiating: Search.needsGradients)
        try settings.agent.checkReplanning(horizon: settings.planner.horizon)
      },
      make: { settings, environment, random throws(ConfigurationError) in
        let spec = try continuous(environment, for: name)
        let model = ProbabilisticEnsemble(
          settings.model, stateSize: spec.observationSize, actions: spec.action, using: random.child("model"))
        let (low, high) = spec.action.bounds
        return PlanningAgent(
          settings.agent, model: model, planner: Search(settings.planner, low: low, high: high),
          horizon: settings.planner.horizon, objective: environment.objective ?? UnknownObjective(),
          base: try settings.agent.base(in: environment), spec: spec, using: random.child("agent"))
      })
  }

  /// An off-policy agent for continuous actions around a learner.
  static func offPolicy<Kind: LearnerKind>(_ name: String, _ summary: String, _ kind: Kind.Type) -> AgentEntry {
    AgentEntry(name, summary: summary, secondsPerStep: 0.008, settings: OffPolicyAgentSettings<Kind>.self) {
      settings, environment, random throws(ConfigurationError) in
      settings.makeAgent(for: try continuous(environment, for: name), using: random)
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
