import Archive
import Catalog
import Configuration
import Laboratory
import TestSupport
import Testing

/// Every on-policy method learns the pole, by the preset that users get.
@Suite struct CartPoleLearningTests {
  /// Mean return of the last evaluation.
  private func result(_ agent: String, steps: Int, _ settings: [String] = []) throws -> Double {
    var tree = ConfigurationTree()
    for setting in settings + ["evaluation.interval=\(steps)", "evaluation.episodes=10", "evaluation.at_start=false"] {
      tree = tree.merging(try ConfigurationTree(assignment: setting))
    }
    let plan = try RunPlan(
      agent: agent, environment: "CartPole-v1", seed: 1, steps: steps, settings: tree, in: Catalog.registry)
    let scratch = try ScratchFolder()
    let folder = RunFolder(scratch.path + "/run")
    guard case .ready(var run) = try Run.open(plan, in: folder, host: .forTests) else { return 0 }
    #expect(try run.execute(stop: StopRequest()) == .finished)
    let rows = CSV.records(try FileSystem.read(folder.path(of: .evaluations))).dropFirst()
    return rows.compactMap { Double($0[2]) }.reduce(0, +) / Double(rows.count)
  }

  @Test(arguments: [
    ("ppo", 60_000), ("trpo", 40_000), ("npg", 100_000), ("kl-penalty", 40_000), ("a2c", 200_000),
    ("reinforce", 90_000),
  ]) func thePoleStaysUp(_ agent: String, _ steps: Int) throws {
    let found = try result(agent, steps: steps)
    #expect(found > 350, "\(agent) reaches \(found) after \(steps) steps")
  }

  /// Batches and copies make actor-critic with a critic of its own learn too, whatever the critic is fitted to.
  @Test(arguments: ["bootstrapped", "monte_carlo", "multi_step", "lambda"]) func actorCriticLearns(_ target: String)
    throws
  {
    let found = try result(
      "actor-critic", steps: 60_000,
      [
        "run.copies=8", "agent.steps=16", "learner.target=\(target)", "learner.critic_updates=5", "learner.lambda=0.9",
        "learner.learning_rate=0.002", "learner.normalize_advantages=true",
      ])
    #expect(found > 150, "with \(target) targets it reaches \(found)")
  }
}
