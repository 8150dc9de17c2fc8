import Catalog
import Configuration
import Environments
import Foundation
import Interfaces
import Kernels
import Laboratory
import TestSupport
import Testing

@Suite struct CatalogTests {
  private static let registry = Catalog.registry
  private static let agents = registry.agents.map(\.name)
  private static let environments = registry.environments.map(\.name)
  /// One of the control suite, and one edition of each of Gymnasium's tasks: the others have the same spaces.
  private static let kindsOfEnvironments = environments.filter {
    !$0.hasSuffix("-v4") && (!$0.hasPrefix("dmc-") || $0 == "dmc-cartpole-swingup")
  }
  /// Agents for numbered states and actions.
  private static let tabular = [
    "policy-iteration", "value-iteration", "td-lambda", "sarsa", "q-learning", "double-q-learning", "dyna-q",
  ]

  /// Agents that train a learner in a learned model.
  private static let learnersInModels = [
    "mbpo", "mve", "mve-td3", "mve-ddpg", "dyna", "dyna-td3", "dyna-ddpg", "dyna-naf", "dyna-dqn",
  ]

  /// Agents that learn from what their policy just did.
  private static let onPolicy = ["reinforce", "actor-critic", "a2c", "npg", "trpo", "ppo", "kl-penalty"]

  /// The same in a learned model.
  private static let onPolicyInModels = ["me-trpo", "me-ppo"]

  /// Agents around one deep Q-network.
  private static let deepQ = [
    "dqn", "double-dqn", "dueling-dqn", "per-dqn", "c51", "qr-dqn", "noisy-dqn", "rainbow", "online-q", "batch-q",
  ]
  private static let discrete = tabular + deepQ + ["dyna-dqn", "distill-dqn", "fitted-q"]

  /// Agents that imitate an expert, with one that needs no training.
  private static let imitators = ["behaviour-cloning": "expert.agent=random", "dagger": "expert.agent=random"]

  /// Settings without which some agents cannot be made.
  private static let needed = imitators.merging(["mopo": "agent.dataset=\(dataset)"]) { $1 }

  /// Transitions of Pendulum-v1.
  private static let dataset = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../MethodsTests/Fixtures/pendulum.npz").path

  /// Agents that fit local models to trajectories.
  private static let local = ["lqr-flm", "gps-badmm", "gps-mirror"]

  /// What the catalog is known to offer: a name that goes missing breaks users' commands.
  @Test func everythingIsListed() {
    let components = Self.registry.components
    #expect(
      Set(Self.environments).isSuperset(of: [
        "Pendulum-v1", "CartPole-v1", "MountainCar-v0", "MountainCarContinuous-v0", "Acrobot-v1", "cartpole-swingup",
        "point-mass", "point-mass-obstacle", "planar-arm", "dyna-maze", "blocking-maze", "shortcut-maze", "chain",
        "four-by-three", "random-mdp", "Catch", "pixel-maze", "point-mass-goals", "cartpole-poles", "swingup-poles",
        "reacher-goals", "reacher-reach", "point-mass-reach",
      ]))
    #expect(
      Set(Self.agents).isSuperset(of: [
        "pets", "pets-mppi", "pets-random-shooting", "pets-gradient", "policy-backpropagation", "sac", "td3", "ddpg",
        "naf", "naf-workers", "maximized-q", "qt-opt", "pets-cma-es", "mba", "redq", "droq", "crossq", "fitted-q",
        "iql", "cql", "mopo", "ilqr", "random", "pets-ilqr", "distill", "distill-dqn", "divide-and-conquer", "distral",
      ]))
    #expect(Set(Self.agents).isSuperset(of: Self.learnersInModels + Self.local + Self.deepQ + Self.tabular))
    #expect(Set(Self.agents).isSuperset(of: Self.onPolicy + Self.onPolicyInModels + Self.imitators.keys))
    #expect(
      Set(components.filter { $0.kind == .planner }.map(\.name)).isSuperset(of: [
        "cem", "cma-es", "mppi", "random-shooting", "gradient", "ilqr",
      ]))
    #expect(
      Set(components.filter { $0.kind == .model }.map(\.name)).isSuperset(of: [
        "probabilistic-ensemble", "tabular", "time-varying-linear",
      ]))
  }

  @Test func namesAreUnique() {
    for names in [Self.agents, Self.environments, Self.registry.components.map { "\($0.kind) \($0.name)" }] {
      #expect(Set(names).count == names.count)
    }
  }

  @Test func everythingIsDocumented() {
    var documentation: [(String, [SettingDocumentation])] = []
    for entry in Self.registry.agents {
      #expect(!entry.summary.isEmpty && entry.secondsPerStep > 0, "\(entry.name)")
      documentation.append((entry.name, entry.documentation))
    }
    for entry in Self.registry.environments {
      #expect(!entry.summary.isEmpty && !entry.documentation.isEmpty, "\(entry.name)")
      documentation.append((entry.name, entry.documentation))
    }
    for entry in Self.registry.components {
      #expect(!entry.summary.isEmpty && !entry.documentation.isEmpty, "\(entry.name)")
      documentation.append((entry.name, entry.documentation))
    }
    for (name, settings) in documentation {
      #expect(Set(settings.map(\.key)).count == settings.count, "\(name) has a key twice")
      for setting in settings {
        #expect(
          !setting.help.isEmpty && !setting.typeName.isEmpty && !setting.defaultText.isEmpty, "\(name): \(setting.key)")
      }
    }
  }

  /// Every default, written as the documentation writes it, decodes to the default.
  @Test(arguments: environments) func documentedDefaultsOfEnvironmentsAreTheDefaults(_ name: String) throws {
    let entry = try Self.registry.environment(name)
    let prefix = "environment."
    var tree = ConfigurationTree()
    for setting in entry.documentation {
      #expect(setting.key.hasPrefix(prefix))
      tree = tree.merging(
        try ConfigurationTree(assignment: "\(setting.key.dropFirst(prefix.count))=\(setting.defaultText)"))
    }
    #expect(try entry.make(tree).settings == entry.make().settings)
  }

  @Test(arguments: agents) func documentedDefaultsOfAgentsAreTheDefaults(_ name: String) throws {
    let entry = try Self.registry.agent(name)
    // where no preset changes the defaults
    let usual = entry.tiny.environment
    let place =
      entry.presets.contains { $0.environments.contains(usual) }
      ? (Self.discrete.contains(name) ? "chain" : "point-mass") : usual
    let environment = try Self.registry.environment(place).make()
    let needed = try Self.needed[name].map { try ConfigurationTree(assignment: $0) } ?? ConfigurationTree()
    var tree = ConfigurationTree()
    for setting in entry.documentation {
      tree = tree.merging(try ConfigurationTree(assignment: "\(setting.key)=\(setting.defaultText)"))
    }
    let random = RandomStream(seed: 1)
    let written = try entry.make(tree.merging(needed), for: environment, using: random).settings
    #expect(try written == entry.make(needed, for: environment, using: random).settings)
  }

  /// A plan's settings are those of its planner, and the ensemble's those of the model.
  @Test func agentsDocumentTheirParts() throws {
    for (agent, planner) in [("pets", "cem"), ("pets-mppi", "mppi"), ("pets-random-shooting", "random-shooting")] {
      let keys = try Self.registry.agent(agent).documentation.map(\.key)
      for (group, name) in [("planner", planner), ("model", "probabilistic-ensemble")] {
        let part = try #require(Self.registry.components.first { $0.name == name })
        #expect(Set(keys).isSuperset(of: part.documentation.map { "\(group).\($0.key)" }), "\(agent): \(group)")
      }
    }
  }

  // MARK: - Environments

  /// MuJoCo's tasks take long steps, and so fewer of them; `-v4` runs the code of `-v5`.
  @Test(arguments: environments.filter { !$0.hasSuffix("-v4") }) func environmentsConform(_ name: String) throws {
    let entry = try Self.registry.environment(name)
    let made = try entry.make(
      entry.summary.contains("MuJoCo") ? ConfigurationTree(assignment: "step_limit=40") : ConfigurationTree())
    #expect(made.name == name)
    let failures = try Self.failures(made.environment, made.objective)
    #expect(failures == [])
  }

  private static func failures<Task: Environment>(
    _ environment: Task, _ objective: (any Objective)?
  ) throws -> [String] {
    // values: each copy is an environment of its own
    try EnvironmentConformance.failures(objective: objective) { environment }
  }

  // MARK: - Agents in environments

  /// Every agent either acts in an environment, within its action space, or says why it cannot.
  @Test(arguments: kindsOfEnvironments) func agentsActOrRefuse(_ environment: String) throws {
    // once: MuJoCo takes its time for a model
    let made = try Self.registry.environment(environment).make()
    for agent in Self.agents {
      do {
        try actsOrRefuses(agent, environment, made)
      } catch {
        Issue.record("\(agent) in \(environment): \(error)")
      }
    }
  }

  private func actsOrRefuses(_ agent: String, _ environment: String, _ made: EnvironmentInstance) throws {
    let entry = try Self.registry.agent(agent)
    let isDiscrete = if case .discrete = made.spec.action { true } else { false }
    if Self.tabular.contains(agent) && !made.spec.isOneHot {
      let error = #expect(throws: ConfigurationError.self) { try entry.make(for: made, using: RandomStream(seed: 1)) }
      let message = error.map { "\($0)" } ?? ""
      #expect(
        message.contains(agent) && message.contains(environment) && message.contains("numbered"),
        "\(agent) in \(environment): \(message)")
      return
    }
    let takesBoth =
      ["random", "mpc"].contains(agent) || (Self.onPolicy + Self.onPolicyInModels).contains(agent)
      || Self.imitators[agent] != nil
    if !takesBoth && isDiscrete != Self.discrete.contains(agent) {
      let error = #expect(throws: ConfigurationError.self) { try entry.make(for: made, using: RandomStream(seed: 1)) }
      let message = error.map { "\($0)" } ?? ""
      let wanted = isDiscrete ? "continuous" : "discrete"
      #expect(
        message.contains(agent) && message.contains(environment) && message.contains(wanted),
        "\(agent) in \(environment): \(message)")
      return
    }
    if agent == "mba", made.objective?.knowsReward != true {
      let error = #expect(throws: ConfigurationError.self) { try entry.make(for: made, using: RandomStream(seed: 1)) }
      let message = error.map { "\($0)" } ?? ""
      #expect(message.contains(environment), "\(agent) in \(environment): \(message)")
      #expect(message.contains("rewards") && message.contains("use ensemble"), "\(agent) in \(environment): \(message)")
      return
    }
    if agent == "mopo" {
      let error = #expect(throws: ConfigurationError.self) { try entry.make(for: made, using: RandomStream(seed: 1)) }
      #expect(error.map { "\($0)" }?.contains("--dataset") == true, "\(environment)")
      return
    }
    if ["gp-mpc", "mc-pilco", "pilco"].contains(agent),
      !(made.objective?.knowsReward == true && made.objective?.knowsTermination == true
        && (agent == "gp-mpc" || made.objective is any DifferentiableObjective))
    {
      let error = #expect(throws: ConfigurationError.self) { try entry.make(for: made, using: RandomStream(seed: 1)) }
      let message = error.map { "\($0)" } ?? ""
      #expect(message.contains(environment) && message.contains("gp"), "\(agent) in \(environment): \(message)")
      return
    }
    let truth = (made.environment as? any ImaginableEnvironment)?.trueWorld
    if agent == "ilqr", truth?.knownDynamics == nil, (truth?.gradients ?? GradientSupport.none) < .pathwise {
      let error = #expect(throws: ConfigurationError.self) { try entry.make(for: made, using: RandomStream(seed: 1)) }
      let message = error.map { "\($0)" } ?? ""
      #expect(message.contains(environment) && message.contains("world"), "\(agent) in \(environment): \(message)")
      return
    }
    if Self.local.contains(agent), !(made.environment is any ConditionedEnvironment) {
      let error = #expect(throws: ConfigurationError.self) { try entry.make(for: made, using: RandomStream(seed: 1)) }
      let message = error.map { "\($0)" } ?? ""
      #expect(
        message.contains(environment) && message.contains("point-mass-obstacle"),
        "\(agent) in \(environment): \(message)")
      return
    }
    if agent == "distral", !(made.environment is any TaskFamily) {
      let error = #expect(throws: ConfigurationError.self) { try entry.make(for: made, using: RandomStream(seed: 1)) }
      let message = error.map { "\($0)" } ?? ""
      #expect(
        message.contains(environment) && message.contains("family of tasks"), "\(agent) in \(environment): \(message)")
      return
    }
    // MuJoCo's steps take long, and iLQR takes many; large networks and buffers take long to fill
    let brief =
      agent == "ilqr"
      ? ["planner.iterations=1", "planner.first_iterations=2", "planner.horizon=2", "agent.replay_capacity=1000"]
      : [
        "agent.replay_capacity=1000", "agent.rollouts=100", "learner.hidden=[8]", "learner.critic_hidden=[8]",
        "learner.encoder_hidden=[8]", "learner.latent=8", "learner.policy.hidden=[8]", "model.hidden=[8]",
        "model.weight_decay=[0]", "planner.iterations=1", "student.hidden=[8]",
      ].filter { assignment in entry.documentation.contains { assignment.hasPrefix("\($0.key)=") } }
    let settings = try (brief + [Self.imitators[agent]].compactMap(\.self)).reduce(ConfigurationTree()) {
      $0.merging(try ConfigurationTree(assignment: $1))
    }
    var player = try entry.make(settings, for: made, using: RandomStream(seed: 1)).agent
    #expect(Set(player.metricNames).count == player.metricNames.count, "\(agent)")
    let (low, high) = made.spec.action.bounds
    var action = [Float](repeating: .nan, count: made.spec.action.size)
    var (random, observation) = (RandomStream(seed: 2), [Float](repeating: 0, count: made.spec.observationSize))
    var task = made.environment
    try task.reset(using: &random, observation: &observation)
    for purpose in [ActPurpose.collect, .evaluate] {
      player.startEpisode(for: purpose, using: random.child("episode"))
      for _ in 0..<5 {
        try player.act(on: observation, for: purpose, action: &action)
        #expect(
          zip(action, zip(low, high)).allSatisfy { $0 >= $1.0 && $0 <= $1.1 }, "\(agent) in \(environment): \(action)")
      }
    }
  }

  /// What an agent holds for a long run is said before it starts, for each setting of how many transitions it holds.
  @Test(arguments: agents) func memoryIsForeseen(_ name: String) throws {
    let entry = try Self.registry.agent(name)
    let capacities = entry.documentation.map(\.key).filter { $0.hasPrefix("agent.") && $0.hasSuffix("capacity") }
    let chosen = entry.tiny.settings.filter { setting in entry.documentation.contains { setting.hasPrefix($0.key) } }
    let settings = try ([Self.needed[name]].compactMap(\.self) + chosen).reduce(ConfigurationTree()) {
      $0.merging(try ConfigurationTree(assignment: $1))
    }
    let environment = try Self.registry.environment(entry.tiny.environment).make()
    let needs = try entry.make(settings, for: environment, using: RandomStream(seed: 1)).agent
      .memoryNeeds(after: 1_000_000_000)
    #expect(needs.allSatisfy { $0.bytes > 0 })
    // offline it is the file's transitions that are held
    let named = Set(needs.map(\.setting))
    #expect(named.contains("agent.dataset") || named.isSuperset(of: capacities), "\(named) of \(capacities)")
  }

  /// In a task of the user's own without an objective models learn rewards and terminations, which the manifest says;
  /// where the objective knows them they do not, unless told to. Refusing to learn rewards that nobody knows is an error.
  @Test func modelsLearnWhatTheObjectiveDoesNotKnow() throws {
    let unscored = EnvironmentEntry("unscored", summary: "no objective") {
      (_: RunSettings) throws(ConfigurationError) in
      (environment: UnscoredTask(), objective: nil)
    }
    for agent in Self.agents
    where agent.hasPrefix("pets") || agent == "policy-backpropagation"
      || Self.onPolicyInModels.contains(agent) || Self.learnersInModels.contains(agent) && agent != "dyna-dqn"
    {
      let entry = try Self.registry.agent(agent)
      func learned(_ settings: ConfigurationTree, in environment: EnvironmentEntry) throws -> [Bool] {
        let made = try entry.make(settings, for: environment.make(), using: RandomStream(seed: 1)).settings
        return try [made.bool(at: "model.learns_reward"), made.bool(at: "model.learns_termination")]
      }
      let known = try Self.registry.environment("point-mass")
      #expect(try learned(ConfigurationTree(), in: unscored) == [true, true])
      // as in MBPO, learners that are trained in a model have it predict rewards whether they are known or not
      let always = Self.learnersInModels.contains(agent)
      #expect(try learned(ConfigurationTree(), in: known) == [always, false])
      #expect(try learned(ConfigurationTree(assignment: "model.learns_termination=true"), in: known) == [always, true])
      // a task of which only its user knows that it never terminates
      let endless = try ConfigurationTree(assignment: "model.learns_termination=false")
      #expect(try learned(endless, in: unscored) == [true, false])
      let error = #expect(throws: ConfigurationError.self) {
        try learned(ConfigurationTree(assignment: "model.learns_reward=false"), in: unscored)
      }
      #expect(error.map { "\($0)" }?.contains("model.learns_reward") == true)
    }
  }

  /// What a preset says can be set, differs from the default, and gives way to what users set.
  @Test(arguments: agents) func presetsAreDefaultsThatGiveWay(_ name: String) throws {
    let entry = try Self.registry.agent(name)
    for preset in entry.presets {
      for place in preset.environments where Self.environments.contains(place) {
        let environment = try Self.registry.environment(place)
        guard try environment.make().objective != nil else { continue }
        let known = entry.documentation + RunSettings.documentation() + environment.documentation
        func resolved(_ tree: ConfigurationTree = ConfigurationTree()) throws -> ConfigurationTree {
          try RunPlan(agent: name, environment: place, seed: 1, steps: 1, settings: tree, in: Self.registry).resolved
        }
        let settings = try resolved()
        for assignment in preset.settings {
          let key = String(assignment.prefix { $0 != "=" })
          let wanted = try ConfigurationTree(assignment: assignment).subtree(at: key)
          let usual = try #require(known.first { $0.key == key }).defaultText
          #expect(settings.subtree(at: key) == wanted && !assignment.hasSuffix("=\(usual)"), "\(place): \(assignment)")
          let changed = try resolved(ConfigurationTree(assignment: "\(key)=\(usual)"))
          #expect(changed.subtree(at: key) != wanted, "\(place): \(key)")
        }
      }
    }
  }

  @Test(arguments: [
    ("mbpo", "agent.rollout_schedule=[3,2,1,1]"), ("dyna", "agent.actions=none"),
    ("pets", "planner.elites=500"), ("pets", "model.elites=6"), ("pets", "model.weight_decay=[0.1,0.2]"),
    ("distill", "loss.feature_weight=1"),
    ("divide-and-conquer", "parts.episodes=3"), ("sac", "learner.discount=1.5"), ("sac", "learner.hidden=[0]"),
    ("pets-mppi", "planner.temperature=0"), ("behaviour-cloning", "expert.run=nowhere"),
    ("behaviour-cloning", "agent.dataset=nowhere"), ("dagger", "expert.agent=nobody"),
  ])
  func settingsThatCannotBeAreRefusedByName(_ agent: String, _ assignment: String) throws {
    let environment = try Self.registry.environment("point-mass").make()
    let entry = try Self.registry.agent(agent)
    let error = #expect(throws: ConfigurationError.self) {
      try entry.make(ConfigurationTree(assignment: assignment), for: environment, using: RandomStream(seed: 1))
    }
    let key = assignment.prefix { $0 != "=" }
    #expect(error.map { "\($0)" }?.contains(key) == true, "\(error.map { "\($0)" } ?? "nothing thrown")")
  }
}
