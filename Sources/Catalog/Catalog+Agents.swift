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
    .offPolicy("sac", "soft actor-critic", SoftActorCritic.self),
    .offPolicy("td3", "twin delayed deep deterministic policy gradient", DeterministicActorCritic.self),
    .offPolicy(
      "ddpg", "deep deterministic policy gradient", DeterministicActorCritic.self, defaults: .deepDeterministic),
    .offPolicy("naf", "Q-learning with a normalized advantage function", NormalizedAdvantageFunction.self),
    .offPolicy(
      "dqn", "deep Q-network, double or dueling, for discrete actions", DeepQNetwork.self, secondsPerStep: 0.002),
    .reinforce,
    .actorCritic,
    .advantageActorCritic,
    .naturalPolicyGradient,
    .trustRegionPolicyOptimization,
    .proximalPolicyOptimization,
    .klPenalty,
    .behaviourCloning { registry },
    .datasetAggregation { registry },
    .mbpo("mbpo", SoftActorCritic.self, presets: AgentPreset.policyOptimization),
    .valueExpansion("mve", SoftActorCritic.self),
    .valueExpansion("mve-td3", DeterministicActorCritic.self),
    .valueExpansion("mve-ddpg", DeterministicActorCritic.self, title: "DDPG", defaults: .deepDeterministic),
    .dyna("dyna", SoftActorCritic.self),
    .dyna("dyna-td3", DeterministicActorCritic.self),
    .dyna("dyna-ddpg", DeterministicActorCritic.self, title: "DDPG", defaults: .deepDeterministic),
    .dyna("dyna-naf", NormalizedAdvantageFunction.self),
    .dyna("dyna-dqn", DeepQNetwork.self),
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

/// Settings of an off-policy agent: its schedule and its learner.
struct OffPolicyAgentSettings<Learner: OffPolicyLearner>: Configuration {
  init() {}

  /// The learner's settings as they are by default in this agent.
  init(_ learner: Learner.Settings) { self.learner = learner }

  @SettingGroup("Schedule and replay") var agent = OffPolicySettings()
  @SettingGroup("Learner") var learner = Learner.Settings()
}

extension AgentEntry {
  /// An off-policy agent around a learner.
  static func offPolicy<Learner: OffPolicyLearner & SendableMetatype>(
    _ name: String, _ summary: String, _: Learner.Type, defaults: Learner.Settings = .init(),
    secondsPerStep: Double = 0.008
  ) -> AgentEntry {
    AgentEntry(
      name, summary: summary, secondsPerStep: secondsPerStep, defaults: OffPolicyAgentSettings<Learner>(defaults),
      resolve: { _, environment throws(ConfigurationError) in
        try refuse(name, Learner.objection(to: environment.spec.action), in: environment)
      },
      make: { settings, environment, random throws(ConfigurationError) in
        OffPolicyAgent(
          settings.agent, learner: Learner(settings.learner, for: environment.spec, using: random.child("learner")),
          spec: environment.spec, using: random.child("agent"))
      })
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
