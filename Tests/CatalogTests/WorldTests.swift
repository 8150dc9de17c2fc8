import Catalog
import Configuration
import Environments
import Interfaces
import Kernels
import Laboratory
import TestSupport
import Testing

/// Agents in worlds that are not their usual ones.
@Suite struct WorldTests {
  private static func tree(_ settings: [String]) throws -> ConfigurationTree {
    var tree = ConfigurationTree()
    for setting in settings { tree = tree.merging(try ConfigurationTree(assignment: setting, source: "test")) }
    return tree
  }

  /// What cannot work together is refused before the run, by name and with a reason.
  @Test(arguments: [
    ("policy-backpropagation", "Pendulum-v1", ["world=oracle", "learner.estimator=likelihood_ratio"], "scores"),
    (
      "policy-backpropagation", "Pendulum-v1", ["world=deterministic", "learner.estimator=total_propagation"], "density"
    ),
    ("policy-backpropagation", "Pendulum-v1", ["world=linear", "learner.estimator=likelihood_ratio"], "scores"),
    ("policy-backpropagation", "MountainCarContinuous-v0", ["world=linear"], "derivatives"),
    ("dyna-dqn", "CartPole-v1", ["world=time-varying-linear"], "choices"),
    ("pets-ilqr", "Pendulum-v1", ["world=time-varying-linear"], "depends on time"),
    ("mpc", "Pendulum-v1", ["world=oracle", "environment.wrappers.action_repeat=2"], "without wrappers"),
  ])
  func whatCannotWorkTogetherIsRefused(
    _ agent: String, _ environment: String, _ settings: [String], _ reason: String
  ) throws {
    let error = #expect(throws: ConfigurationError.self) {
      _ = try RunPlan(
        agent: agent, environment: environment, seed: 0, steps: 10, settings: Self.tree(settings),
        in: Catalog.registry)
    }
    let message = error.map { "\($0)" } ?? ""
    #expect(message.contains("world") && message.contains(reason), "\(message)")
  }

  private static let learner = [
    "learner.hidden=[16,16]", "agent.batch_size=16", "agent.random_steps=20", "agent.replay_capacity=90",
    "environment.step_limit=30",
  ]
  private static let planning = ["planner.horizon=4", "agent.particles=2", "environment.step_limit=30"]

  private static let imagining = [
    "agent.steps=30", "agent.horizon=6", "agent.imagined_steps=60", "agent.updates=2", "agent.validation_interval=1",
    "agent.validation_rollouts=4", "learner.policy.hidden=[8,8]", "environment.step_limit=20",
  ]

  /// Runs in each kind of world resume exactly and do not depend on threads.
  @Test(arguments: [
    ("mbpo", "Pendulum-v1", "oracle", learner + ["agent.rollouts=40", "agent.updates=2"]),
    ("mbpo", "Pendulum-v1", "linear", learner + ["agent.rollouts=40", "agent.updates=2", "agent.fit_interval=25"]),
    ("me-trpo", "CartPole-v1", "oracle", imagining), ("me-trpo", "Pendulum-v1", "linear", imagining),
    ("me-ppo", "Pendulum-v1", "time-varying-linear", imagining + ["agent.starts=visited"]),
    ("dyna", "Pendulum-v1", "time-varying-linear", learner + ["agent.imagined_updates=2", "agent.rollout_steps=3"]),
    ("dyna-dqn", "CartPole-v1", "oracle", learner + ["agent.imagined_updates=2"]),
    ("dyna-dqn", "chain", "oracle", learner + ["agent.imagined_updates=2"]),
    ("mve", "Pendulum-v1", "time-varying-linear", learner + ["agent.horizon=2", "agent.fit_interval=25"]),
    ("mve-td3", "point-mass-gusts", "oracle", learner),
    ("mba", "Pendulum-v1", "oracle", learner + ["imagination.rollouts=4", "imagination.interval=3"]),
    (
      "pets", "cartpole-swingup", "oracle",
      planning + ["planner.population=12", "planner.elites=4", "planner.iterations=2"]
    ),
    ("pets-mppi", "Pendulum-v1", "time-varying-linear", planning + ["planner.population=12", "agent.fit_interval=25"]),
    ("pets-gradient", "Pendulum-v1", "oracle", planning + ["planner.restarts=3", "planner.iterations=2"]),
    ("pets-ilqr", "planar-arm", "oracle", planning + ["planner.iterations=2"]),
    (
      "policy-backpropagation", "Pendulum-v1", "linear",
      [
        "learner.hidden=[16,16]", "learner.horizon=3", "agent.batch_size=8", "agent.random_steps=20",
        "agent.fit_interval=25", "environment.step_limit=30",
      ]
    ),
  ])
  func runsInWorldsAreReproducible(_ agent: String, _ environment: String, _ world: String, _ settings: [String]) throws
  {
    let failures = try LaboratoryConformance.failures(
      of: agent, in: environment, registry: Catalog.registry, steps: 80,
      settings: settings + ["world=\(world)", "evaluation.interval=40", "evaluation.episodes=1", "log.interval=7"])
    #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
  }

  /// The agent `ilqr` is `mpc` with the same search, world and settings: they decide the same.
  @Test func iLQRIsPlanningInTheOracle() throws {
    let search = ["horizon=8", "iterations=2", "first_iterations=4", "cost_tolerance=1e-7", "gradient_tolerance=1e-6"]
    let limit = "largest_regularization=1e10"
    let made = try Catalog.registry.environment("cartpole-swingup").make()
    func agent(_ name: String, _ settings: [String]) throws -> any Agent {
      try Catalog.registry.agent(name).make(Self.tree(settings), for: made, using: RandomStream(seed: 1)).agent
    }
    var agents = [
      try agent("ilqr", search.map { "planner.\($0)" }),
      try agent("mpc", ["search=ilqr", "world=oracle"] + (search + [limit]).map { "ilqr.\($0)" }),
    ]
    var (task, random) = (made.environment, RandomStream(seed: 2))
    var observation = [Float](repeating: 0, count: made.spec.observationSize)
    try task.reset(using: &random, observation: &observation)
    for index in agents.indices { agents[index].startEpisode(for: .evaluate, using: random.child("episode")) }
    for _ in 0..<6 {
      var actions = [[Float]](repeating: [.nan], count: 2)
      for index in agents.indices { try agents[index].act(on: observation, for: .evaluate, action: &actions[index]) }
      #expect(actions[0] == actions[1] && actions[0][0].isFinite)
      _ = try task.step(actions[0], observation: &observation)
    }
  }

  /// A planner in the oracle plans from the first step on, and well: cart-pole swing-up needs no episode to learn from.
  @Test func planningInTheOracleNeedsNoData() throws {
    let plan = try RunPlan(
      agent: "pets", environment: "Pendulum-v1", seed: 1, steps: 1,
      settings: Self.tree([
        "world=oracle", "planner.horizon=20", "planner.population=100", "planner.elites=10", "planner.iterations=3",
        "agent.particles=1",
      ]), in: Catalog.registry)
    let made = try plan.environment.make()
    var agent = try plan.agent.make(
      Self.tree([
        "world=oracle", "planner.horizon=20", "planner.population=100", "planner.elites=10", "planner.iterations=3",
        "agent.particles=1",
      ]), for: made, using: RandomStream(seed: 1)
    ).agent
    var evaluator = Evaluator(environment: made.environment)
    let total = try #require(try evaluator.episode(of: &agent, using: RandomStream(seed: 2))).total
    // upright from anywhere: random play is at -1,200, hanging still at -1,900
    #expect(total > -450, "\(total)")
  }
}
