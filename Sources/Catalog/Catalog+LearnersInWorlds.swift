import Agents
import Configuration
import Imagining
import Interfaces
import Kernels
import Laboratory
import Learners
import Models

/// Settings of an agent that trains a learner in a world: its schedule, its learner and its world.
struct LearnerInWorldSettings<Schedule: Configuration, Learner: OffPolicyLearner>: Configuration {
  init() {}

  /// The learner's settings as they are by default in this agent.
  init(_ learner: Learner.Settings) { self.learner = learner }

  @SettingGroup("Schedule, replay and imagination") var agent = Schedule()
  @SettingGroup("Learner") var learner = Learner.Settings()
  @SettingGroup(inline: "World") var world = WorldSettings(model: .policyOptimization)
}

extension EnsembleSettings {
  /// The model of MBPO (Janner et al. 2019), as in the original's code: 5 elites of 7 members, rewards predicted, fits until
  /// the holdout error of no member has improved for 5 passes.
  static var policyOptimization: EnsembleSettings {
    var settings = EnsembleSettings()
    settings.members = 7
    settings.elites = 5
    settings.hidden = [200, 200, 200, 200]
    settings.weightDecay = [2.5e-5, 5e-5, 7.5e-5, 7.5e-5, 1e-4]
    settings.batchSize = 256
    settings.epochs = 10_000
    settings.holdout = 0.2
    settings.learnsReward = true
    return settings
  }
}

extension AgentEntry {
  /// An agent that trains a learner in a world.
  private static func inWorld<Schedule: Configuration, Learner: OffPolicyLearner & SendableMetatype>(
    _ name: String, _ summary: String, secondsPerStep: Double, presets: [AgentPreset] = [],
    _ learner: Learner.Settings, _ schedule: Schedule.Type,
    make: @escaping @Sendable (Schedule, Learner, any LearnedWorld, EnvironmentSpec, RandomStream) -> any Agent
  ) -> AgentEntry {
    AgentEntry(
      name, summary: summary, secondsPerStep: secondsPerStep, presets: presets,
      defaults: LearnerInWorldSettings<Schedule, Learner>(learner),
      resolve: { settings, environment throws(ConfigurationError) in
        try refuse(name, Learner.objection(to: environment.spec.action), in: environment)
        try settings.world.resolve(for: environment)
      },
      make: { settings, environment, random throws(ConfigurationError) in
        make(
          settings.agent, Learner(settings.learner, for: environment.spec, using: random.child("learner")),
          settings.world.make(for: environment, using: random), environment.spec, random.child("agent"))
      })
  }

  /// MBPO around a learner.
  static func mbpo<Learner: OffPolicyLearner & SendableMetatype>(
    _ name: String, _: Learner.Type, title: String = Learner.title, defaults: Learner.Settings = .init(),
    presets: [AgentPreset] = []
  ) -> AgentEntry {
    inWorld(
      name, "MBPO: \(title) on short rollouts in a learned world", secondsPerStep: 0.08, presets: presets, defaults,
      ModelBasedPolicyOptimizationSettings.self
    ) { (settings, learner: Learner, world, spec, random) in
      func agent(_ world: some LearnedWorld) -> any Agent {
        ModelBasedPolicyOptimization(settings, learner: learner, world: world, spec: spec, using: random)
      }
      return agent(world)
    }
  }

  /// Model-based value expansion around a learner.
  static func valueExpansion<Learner: ValueLearner & SendableMetatype>(
    _ name: String, _: Learner.Type, title: String = Learner.title, defaults: Learner.Settings = .init()
  ) -> AgentEntry {
    inWorld(
      name, "model-based value expansion: \(title) with targets that look ahead in a learned world",
      secondsPerStep: 0.03, defaults, ModelBasedValueExpansionSettings.self
    ) { (settings, learner: Learner, world, spec, random) in
      func agent(_ world: some LearnedWorld) -> any Agent {
        ModelBasedValueExpansion(settings, learner: learner, world: world, spec: spec, using: random)
      }
      return agent(world)
    }
  }

  /// Dyna around a learner.
  static func dyna<Learner: OffPolicyLearner & SendableMetatype>(
    _ name: String, _: Learner.Type, title: String = Learner.title, defaults: Learner.Settings = .init()
  ) -> AgentEntry {
    inWorld(
      name, "Dyna: \(title) on real and imagined batches", secondsPerStep: 0.04, defaults, DynaSettings.self
    ) { (settings, learner: Learner, world, spec, random) in
      func agent(_ world: some LearnedWorld) -> any Agent {
        DynaAgent(settings, learner: learner, world: world, spec: spec, using: random)
      }
      return agent(world)
    }
  }
}

extension AgentPreset {
  /// What the configuration files of MBPO's authors (`examples/config`) set for each of their tasks.
  static let policyOptimization = [
    AgentPreset(["HalfCheetah-v5", "HalfCheetah-v4"], ["agent.updates=40", "learner.target_entropy=-3"]),
    AgentPreset(["Hopper-v5", "Hopper-v4"], ["agent.rollout_schedule=[20,150,1,15]", "learner.target_entropy=-1"]),
    AgentPreset(["Walker2d-v5", "Walker2d-v4"], ["learner.target_entropy=-3"]),
    AgentPreset(["AntTruncatedObs"], ["agent.rollout_schedule=[20,100,1,25]", "learner.target_entropy=-4"]),
    AgentPreset(
      ["HumanoidTruncatedObs"],
      [
        "agent.rollout_schedule=[20,300,1,25]", "agent.fit_interval=1000", "agent.retained_fits=5",
        "learner.target_entropy=-2", "model.hidden=[400,400,400,400]",
      ]),
    AgentPreset(
      ["InvertedPendulum-v5", "InvertedPendulum-v4"],
      [
        "agent.random_steps=500", "agent.updates=10", "agent.epoch_length=250", "agent.rollout_schedule=[1,15,1,1]",
        "agent.retained_fits=1", "learner.target_entropy=-0.05",
      ]),
    AgentPreset(
      ["InvertedDoublePendulum-v5", "InvertedDoublePendulum-v4"],
      [
        "agent.random_steps=500", "agent.epoch_length=250", "agent.rollout_schedule=[1,15,1,1]",
        "agent.retained_fits=1", "learner.target_entropy=-0.5",
      ]),
  ]
}

/// Throws if agent `name` cannot act in `environment`: `objection` says what it lacks there.
func refuse(_ name: String, _ objection: String?, in environment: EnvironmentInstance) throws(ConfigurationError) {
  guard let objection else { return }
  let actions = if case .box = environment.spec.action { "continuous" } else { "discrete" }
  throw ConfigurationError(
    kind: .relation, problem: "\(name) \(objection); those of \(environment.name) are \(actions)")
}

// MARK: - Model-based acceleration

/// Settings of NAF with imagination.
struct AccelerationSettings: Configuration {
  init() {}
  @SettingGroup("Schedule and replay") var agent = OffPolicySettings()
  @SettingGroup("Imagined experience") var imagination = ImaginationSettings()
  @SettingGroup("Learner") var learner = NormalizedAdvantageFunctionSettings()
  @SettingGroup(inline: "World") var world = WorldSettings(.timeVaryingLinear)

  func validate() throws(ConfigurationError) {
    if agent.returnSteps != 1 { throw ConfigurationError("agent.return_steps", "must be 1 with imagined steps") }
  }
}

extension AgentEntry {
  /// NAF with imagination rollouts.
  static let modelBasedAcceleration = AgentEntry(
    "mba", summary: "model-based acceleration: NAF with imagination rollouts in a fitted model", secondsPerStep: 0.02,
    defaults: AccelerationSettings(),
    resolve: { settings, environment throws(ConfigurationError) in
      try refuse("mba", NormalizedAdvantageFunction.objection(to: environment.spec.action), in: environment)
      try settings.world.resolve(for: environment)
    },
    make: { settings, environment, random throws(ConfigurationError) in
      let learner = NormalizedAdvantageFunction(
        settings.learner, for: environment.spec, using: random.child("learner"))
      func agent(_ world: some LearnedWorld) -> any Agent {
        ModelBasedAcceleration(
          settings.agent, settings.imagination, learner: learner, world: world, spec: environment.spec,
          using: random.child("agent"))
      }
      return agent(settings.world.make(for: environment, using: random))
    })
}

// MARK: - Policy backpropagation

/// Settings of an agent that backpropagates through its world.
struct PolicyBackpropagationAgentSettings: Configuration {
  init() {}
  @SettingGroup("Schedule and replay") var agent = ModelGradientSettings()
  @SettingGroup("Policy, critics and gradients") var learner = PolicyBackpropagationSettings()
  @SettingGroup(inline: "World") var world = WorldSettings()
}

extension AgentEntry {
  /// Backpropagation through a world into a policy.
  static let policyBackpropagation = AgentEntry(
    "policy-backpropagation", summary: "backpropagates imagined returns through a learned model into a policy",
    secondsPerStep: 0.02, defaults: PolicyBackpropagationAgentSettings(),
    resolve: { settings, environment throws(ConfigurationError) in
      _ = try continuous(environment, for: "policy-backpropagation")
      try settings.world.resolve(
        for: environment,
        needing: .gradients(
          settings.learner.estimator == .reparametrization ? .pathwise : .pathwiseAndScores))
    },
    make: { settings, environment, random throws(ConfigurationError) in
      let spec = environment.spec
      let (low, high) = spec.action.bounds
      func agent(_ world: some LearnedWorld, _ head: some ActorHead) -> any Agent {
        PolicyBackpropagationAgent(
          settings.agent, world: world,
          learner: PolicyBackpropagation(
            settings.learner, head: head, observationSize: spec.observationSize, low: low, high: high,
            using: random.child("learner")),
          spec: spec, using: random.child("agent"))
      }
      let world = settings.world.make(for: environment, using: random)
      return settings.learner.stochastic
        ? agent(world, SquashedGaussianActor())
        : agent(world, DeterministicActor(exploration: settings.learner.noise.scale))
    })
}
