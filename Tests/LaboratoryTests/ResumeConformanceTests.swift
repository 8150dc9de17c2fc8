import Catalog
import Configuration
import Laboratory
import Testing
import TestSupport

/// Reproducibility of every agent of the catalog.
@Suite struct ResumeConformanceTests {
  @Test(arguments: Catalog.registry.agents.map(\.name))
  func runsAreReproducible(agent: String) throws {
    let entry = try Catalog.registry.agent(agent)
    let failures = try LaboratoryConformance.failures(
      of: agent, in: entry.tiny.environment, registry: Catalog.registry,
      steps: 120,
      settings: entry.tiny.settings + ["evaluation.interval=40", "evaluation.episodes=1", "log.interval=7"])
    #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
  }

  /// The same with several copies of the environment, to train in where the agent can, and to evaluate in.
  @Test(arguments: Catalog.registry.agents.map(\.name))
  func runsWithCopiesAreReproducible(agent: String) throws {
    let entry = try Catalog.registry.agent(agent)
    let copies = entry.singleCopyReason == nil ? 3 : 1
    let failures = try LaboratoryConformance.failures(
      of: agent, in: entry.tiny.environment, registry: Catalog.registry,
      steps: 120, copies: copies,
      settings: entry.tiny.settings + ["evaluation.interval=40", "log.interval=7", "environment.step_limit=12"])
    #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
  }

  /// What can collect in one copy only says so before the run.
  @Test(arguments: Catalog.registry.agents.filter { $0.singleCopyReason != nil }.map(\.name))
  func whatNeedsOneCopySaysSo(agent: String) throws {
    let error = try #require(throws: ConfigurationError.self) {
      try RunPlan(
        agent: agent, environment: Catalog.registry.agent(agent).tiny.environment, seed: 1, steps: 10,
        settings: ConfigurationTree(assignment: "run.copies=2"), in: Catalog.registry)
    }
    #expect(error.key == "run.copies" && error.problem.hasPrefix(agent))
  }

  /// A family made of one environment with several settings.
  @Test func collectionsOfTasksAreReproducible() throws {
    let settings = try Catalog.registry.agent("distral").tiny.settings.filter { !$0.hasPrefix("environment.") }
    let failures = try LaboratoryConformance.failures(
      of: "distral", in: "tasks:cartpole-swingup", registry: Catalog.registry, steps: 120,
      settings: settings + [
        "environment.members=[{step_limit: 15}, {step_limit: 15, action_cost: 0.1}]", "evaluation.interval=40",
        "evaluation.episodes=1", "log.interval=7",
      ])
    #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
  }
}
