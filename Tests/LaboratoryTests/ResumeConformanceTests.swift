import Catalog
import Configuration
import Laboratory
import Testing
import TestSupport

/// Reproducibility of every agent of the catalog.
@Suite struct ResumeConformanceTests {
  /// Settings that make an agent small and let it train within the first half of 120 steps, where its entry has none.
  private static let small: [String: [String]] = [
    "random": [],
    "ilqr": [],
    "lqr-flm": local + ["agent.update.constraint=step", "agent.initial.kind=pd"],
    "gps-badmm": local + taught + ["guided.observed=[0,1,2]"],
    "gps-mirror": local + taught + ["guided.sampling=global"],
    "mba": learning + [
      "environment.step_limit=15", "imagination.rollouts=4", "imagination.length=3", "imagination.interval=3",
      "imagination.updates=2", "imagination.end=100", "time_varying_linear.episodes=3",
    ],
    "q-learning": ["environment.step_limit=30"],
    "dyna-q": ["environment.step_limit=30", "agent.planning_steps=3", "agent.kappa=0.01", "model.kind=empirical"],
    "distill": students + [
      "distillation.teaching_steps=60", "distillation.lesson_size=16", "distillation.teachers=tasks",
      "loss.feature_weight=0.1",
    ],
    "distill-dqn": students + [
      "distillation.teaching_steps=70", "distillation.lesson_size=16", "distillation.members=2",
    ],
    "divide-and-conquer": students + ["parts.count=2", "parts.episodes=3", "shared.lesson_size=16"],
    "distral": students + ["shared.lesson_size=16", "shared.interval=3", "shared.start=50"],
    "sac": learning,
    "td3": learning,
    "naf": learning + ["learner.precision_noise=true", "agent.return_steps=4"],
    "dqn": learning + ["learner.dueling=true", "learner.target_interval=7", "learner.epsilon_steps=60"],
    "ddpg": learning + ["learner.noise.kind=ornstein_uhlenbeck"],
    "pets": planning + ["planner.elites=4", "planner.iterations=2"],
    "pets-icem": planning + ["planner.elites=4", "planner.iterations=2"],
    "pets-mppi": planning,
    "mpc": planning.filter { !$0.hasPrefix("planner") } + [
      "icem.horizon=6", "icem.population=12", "icem.elites=4", "icem.iterations=2", "agent.replan_interval=3",
      "policy_prior=true", "prior.updates=20", "prior.hidden=[8]", "model.learns_reward=true",
      "model.learns_termination=true", "model.propagation=distribution", "model.score=likelihood",
    ],
    "pets-random-shooting": planning,
    "mbpo": imagination + [
      "agent.rollouts=40", "agent.updates=2", "agent.rollout_schedule=[1,3,1,2]", "agent.epoch_length=20",
    ],
    "mve": imagination + ["agent.horizon=2"],
    "mve-td3": imagination + ["agent.td_k=false"],
    "mve-ddpg": imagination,
    "dyna": imagination + dyna + ["agent.starts=initial"],
    "dyna-td3": imagination + dyna + ["agent.actions=replayed", "agent.rollout_steps=3"],
    "dyna-ddpg": imagination + dyna + ["agent.actions=random"],
    "dyna-naf": imagination + dyna + ["agent.starts=recent"],
    "dyna-dqn": imagination + dyna,
    "pets-gradient": planning.filter { $0 != "planner.population=12" } + [
      "planner.restarts=3", "planner.iterations=2",
    ],
    "pets-ilqr": planning.filter { $0 != "planner.population=12" } + ["planner.iterations=2"],
    "policy-backpropagation": [
      "learner.hidden=[16,16]", "learner.horizon=3", "learner.estimator=total_propagation", "learner.particles=4",
      "agent.batch_size=8", "agent.random_steps=20", "agent.replay_capacity=90", "agent.fit_interval=25",
      "model.hidden=[16,16]", "model.weight_decay=[1e-4]", "model.epochs=3",
    ],
  ]
  private static let local = [
    "environment.step_limit=10", "environment.conditions=2", "agent.samples=2",
    "model.regression.mixture.points_per_cluster=10",
  ]
  private static let taught = ["policy.hidden=[8]", "policy.steps=20", "policy.batch_size=8"]
  private static let students = learning + ["student.hidden=[16,16]", "environment.step_limit=15"]
  private static let dyna = ["agent.imagined_updates=2"]
  private static let imagination =
    learning + [
      "agent.fit_interval=25", "model.members=2", "model.elites=1", "model.hidden=[16,16]", "model.weight_decay=[1e-4]",
      "model.epochs=3",
    ]
  private static let learning = [
    "learner.hidden=[16,16]", "agent.batch_size=16", "agent.random_steps=20", "agent.replay_capacity=90",
  ]
  private static let planning = [
    "planner.horizon=4", "planner.population=12", "agent.particles=5", "agent.fit_interval=25", "model.hidden=[16,16]",
    "model.weight_decay=[1e-4]", "model.epochs=3", "environment.step_limit=30",
  ]

  /// Where an agent cannot act in the usual place.
  private static let places = [
    "dqn": "CartPole-v1", "dyna-dqn": "CartPole-v1", "q-learning": "chain", "dyna-q": "chain",
    "lqr-flm": "point-mass-obstacle", "gps-badmm": "point-mass-obstacle", "gps-mirror": "point-mass-obstacle",
    "distill-dqn": "cartpole-poles", "distill": "point-mass-goals", "distral": "reacher-goals",
  ]

  @Test(arguments: Catalog.registry.agents.map(\.name))
  func runsAreReproducible(agent: String) throws {
    let entry = try Catalog.registry.agent(agent)
    let settings = try #require(Self.small[agent] ?? entry.tiny?.settings, "say how to make \(agent) small")
    let failures = try LaboratoryConformance.failures(
      of: agent, in: Self.places[agent] ?? entry.tiny?.environment ?? "Pendulum-v1", registry: Catalog.registry,
      steps: 120,
      settings: settings + ["evaluation.interval=40", "evaluation.episodes=1", "log.interval=7"])
    #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
  }

  /// The same with several copies of the environment, to train in where the agent can, and to evaluate in.
  @Test(arguments: Catalog.registry.agents.map(\.name))
  func runsWithCopiesAreReproducible(agent: String) throws {
    let entry = try Catalog.registry.agent(agent)
    let settings = try #require(Self.small[agent] ?? entry.tiny?.settings, "say how to make \(agent) small")
    let copies = entry.singleCopyReason == nil ? 3 : 1
    let failures = try LaboratoryConformance.failures(
      of: agent, in: Self.places[agent] ?? entry.tiny?.environment ?? "Pendulum-v1", registry: Catalog.registry,
      steps: 120, copies: copies,
      settings: settings + ["evaluation.interval=40", "log.interval=7", "environment.step_limit=12"])
    #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
  }

  /// What can collect in one copy only says so before the run.
  @Test(arguments: ["lqr-flm", "gps-badmm", "gps-mirror"]) func whatNeedsOneCopySaysSo(agent: String) throws {
    let error = try #require(throws: ConfigurationError.self) {
      try RunPlan(
        agent: agent, environment: "point-mass-obstacle", seed: 1, steps: 10,
        settings: ConfigurationTree(assignment: "run.copies=2"), in: Catalog.registry)
    }
    #expect(error.key == "run.copies" && error.problem.hasPrefix(agent))
  }

  /// A family made of one environment with several settings.
  @Test func collectionsOfTasksAreReproducible() throws {
    let settings = try #require(Self.small["distral"]).filter { !$0.hasPrefix("environment.") }
    let failures = try LaboratoryConformance.failures(
      of: "distral", in: "tasks:cartpole-swingup", registry: Catalog.registry, steps: 120,
      settings: settings + [
        "environment.members=[{step_limit: 15}, {step_limit: 15, action_cost: 0.1}]", "evaluation.interval=40",
        "evaluation.episodes=1", "log.interval=7",
      ])
    #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
  }
}
