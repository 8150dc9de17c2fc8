import Laboratory

/// Settings that tiny runs have in common: agents that train within the first half of 120 steps.
extension TinyRun {
  /// A learner that replays.
  static let learning = [
    "learner.hidden=[16,16]", "agent.batch_size=16", "agent.random_steps=20", "agent.replay_capacity=90",
  ]
  /// A learner that replays, in a learned world.
  static let imagining =
    learning + [
      "agent.fit_interval=25", "model.members=2", "model.elites=1", "model.hidden=[16,16]", "model.weight_decay=[1e-4]",
      "model.epochs=3",
    ]
  /// Plans in a learned world, whatever the planner.
  static let planning = [
    "agent.particles=5", "agent.fit_interval=25", "model.hidden=[16,16]", "model.weight_decay=[1e-4]",
    "model.epochs=3", "environment.step_limit=30",
  ]
  /// Learners that teach a policy.
  static let teaching = learning + ["student.hidden=[16,16]", "environment.step_limit=15"]
  /// Local controllers.
  static let local = [
    "environment.step_limit=10", "environment.conditions=2", "agent.samples=2",
    "model.regression.mixture.points_per_cluster=10",
  ]
}
