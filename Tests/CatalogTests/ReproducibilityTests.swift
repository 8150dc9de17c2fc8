import Catalog
import Laboratory
import TestSupport
import Testing

/// Runs in environments of every kind: fast to solve, ending early, discrete.
@Suite struct ReproducibilityTests {
  private static let planning = [
    "planner.horizon=3", "planner.population=10", "agent.particles=4", "agent.fit_interval=20", "model.hidden=[16,16]",
    "model.weight_decay=[1e-4]", "model.epochs=2",
  ]
  private static let learning = [
    "learner.hidden=[16,16]", "agent.batch_size=16", "agent.random_steps=20", "agent.replay_capacity=60",
  ]
  private static let fitting = ["agent.random_steps=30", "agent.fit_interval=20", "learner.iterations=3"]
  private static let cases: [(agent: String, environment: String, settings: [String])] = [
    ("random", "CartPole-v1", []),
    ("sac", "MountainCarContinuous-v0", learning + ["environment.step_limit=25"]),
    ("sac", "cartpole-swingup", learning + ["environment.step_limit=25"]),
    ("sac", "point-mass", learning + ["environment.step_limit=25"]),
    ("ddpg", "point-mass", learning + ["environment.step_limit=25", "agent.return_steps=3"]),
    ("naf", "point-mass", learning + ["environment.step_limit=25", "learner.precision_noise=true"]),
    ("dqn", "CartPole-v1", learning + ["agent.return_steps=3", "learner.dueling=true"]),
    (
      "pets", "cartpole-swingup",
      planning + [
        "planner.elites=4", "planner.iterations=2", "environment.step_limit=25", "model.propagation=ts_infinity",
      ]
    ),
    (
      "pets", "point-mass",
      planning + ["planner.elites=4", "planner.iterations=2", "environment.step_limit=25", "model.learns_reward=true"]
    ),
    (
      "pets-mppi", "MountainCarContinuous-v0",
      planning + ["planner.iterations=2", "environment.step_limit=25", "model.propagation=mean"]
    ),
    ("sarsa", "CliffWalking-v1", ["agent.expected=true", "environment.step_limit=25"]),
    ("sarsa", "CliffWalking-v1", ["run.copies=3", "environment.step_limit=7"]),
    ("policy-iteration", "FrozenLake-v1", []),
    ("td-lambda", "random-walk", ["learner.update=lambda_return"]),
    ("fitted-q", "CartPole-v1", fitting + ["learner.regressor=neural", "learner.neural.epochs=20"]),
    ("fitted-q", "CartPole-v1", fitting + ["learner.regressor=linear", "learner.restart=false"]),
    ("fitted-q", "car-on-hill", fitting + ["learner.regressor=nearest", "run.copies=2"]),
    (
      "fitted-q", "CartPole-v1",
      fitting + ["learner.regressor=neural", "learner.neural.epochs=20", "learner.latent.size=2", "run.copies=2"]
    ),
    (
      "fitted-q", "Catch",
      fitting + [
        "learner.trees.trees=6", "learner.latent.size=2", "learner.latent.convolution=[[4,3,2]]",
        "learner.latent.epochs=3", "learner.latent.retrain=false",
      ]
    ),
    ("ilqr", "Pendulum-v1", ["planner.horizon=15", "environment.step_limit=25"]),
    ("pets-random-shooting", "point-mass", planning + ["environment.step_limit=25", "model.elites=2"]),
  ]

  @Test(arguments: cases.indices) func runsAreReproducible(_ index: Int) throws {
    let (agent, environment, settings) = Self.cases[index]
    let failures = try LaboratoryConformance.failures(
      of: agent, in: environment, registry: Catalog.registry, steps: 80,
      settings: settings + ["evaluation.interval=30", "evaluation.episodes=1", "log.interval=7"])
    #expect(failures.isEmpty, "\(agent) in \(environment): \(failures.joined(separator: "\n"))")
  }
}
