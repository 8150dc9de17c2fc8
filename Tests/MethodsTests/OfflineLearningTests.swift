import Archive
import Catalog
import Configuration
import Experience
import Foundation
import Interfaces
import Kernels
import Laboratory
import Learners
import Methods
import Models
import TestSupport
import Testing

/// Learning from a dataset alone.
@Suite struct OfflineLearningTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
  private static let pendulum = folder + "/Fixtures/pendulum.npz"
  private static let small = [
    "learner.hidden=[8,8]", "agent.batch_size=16", "evaluation.interval=40", "log.interval=7",
  ]

  private func tree(_ settings: [String]) throws -> ConfigurationTree {
    try settings.reduce(ConfigurationTree()) { $0.merging(try ConfigurationTree(assignment: $1)) }
  }

  /// Replay in hindsight resumes within an episode, with one copy of the environment and with several.
  @Test func hindsightIsReproducible() throws {
    let settings =
      Self.small + [
        "hindsight.goals=4", "agent.random_steps=20", "environment.step_limit=11", "environment.tolerance=0.3",
      ]
    let failures =
      try LaboratoryConformance.failures(
        of: "sac", in: "reacher-reach", registry: Catalog.registry, steps: 80,
        settings: settings + ["evaluation.episodes=1"])
      + LaboratoryConformance.failures(
        of: "td3", in: "point-mass-reach", registry: Catalog.registry, steps: 80, copies: 2, settings: settings)
    #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
  }

  /// A file of random steps as if of CartPole-v1.
  private func cartPole(_ scratch: ScratchFolder) throws -> String {
    var dataset = TransitionDataset(environment: "CartPole-v1", observationSize: 4, actionSize: 1)
    var random = RandomStream(seed: 1)
    for step in 1...200 {
      let (here, next) = ((0..<4).map { _ in random.normal() }, (0..<4).map { _ in random.normal() })
      dataset.append(
        here, [Float(step % 2)], StepOutcome(reward: 1, ending: step % 20 == 0 ? .terminated : .none), next: next)
    }
    let path = scratch.path + "/cartpole.npz"
    try dataset.write(to: path)
    return path
  }

  @Test(arguments: ["sac", "td3", "naf", "iql", "cql"])
  func runsAreReproducible(agent: String) throws {
    let settings = Self.small + ["agent.dataset=\(Self.pendulum)", "evaluation.episodes=1"]
    let failures = try LaboratoryConformance.failures(
      of: agent, in: "Pendulum-v1", registry: Catalog.registry, steps: 60,
      settings: settings + (agent == "cql" ? ["learner.conservative_actions=2"] : []))
    #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
  }

  @Test(arguments: [[], ["replay.order=prioritized", "agent.return_steps=3", "learner.conservatism=0.5"]])
  func runsWithDiscreteActionsAreReproducible(more: [String]) throws {
    let scratch = try ScratchFolder()
    let failures = try LaboratoryConformance.failures(
      of: "dqn", in: "CartPole-v1", registry: Catalog.registry, steps: 60,
      settings: Self.small + ["agent.dataset=\(try cartPole(scratch))", "evaluation.episodes=1"] + more)
    #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
  }

  /// Gradient steps are counted, no step of the environment is taken, and another dataset does not go on with a run.
  @Test func takesNoSteps() throws {
    let scratch = try ScratchFolder()
    let copy = scratch.path + "/data.npz"
    try FileManager.default.copyItem(atPath: Self.pendulum, toPath: copy)
    let settings = try tree(Self.small + ["agent.dataset=\(copy)", "evaluation.episodes=2", "checkpoint.interval=20"])
    func plan(_ steps: Int) throws -> RunPlan {
      try RunPlan(
        agent: "sac", environment: "Pendulum-v1", seed: 1, steps: steps, settings: settings, in: Catalog.registry)
    }
    let folder = RunFolder(scratch.path + "/run")
    guard case .ready(var run) = try Run.open(plan(50), in: folder, host: .forTests) else {
      Issue.record("nothing to do")
      return
    }
    #expect(try run.execute(stop: StopRequest()) == .finished)
    let tables = try RunTable.allCases.map { String(decoding: try FileSystem.read(folder.path(of: $0)), as: UTF8.self) }
    #expect(tables.allSatisfy { $0.hasPrefix("gradient_steps,") && $0.contains("decisions") })
    #expect(tables[0].split(whereSeparator: \.isNewline).count == 1, "an episode was collected")
    let evaluated = tables[1].split(whereSeparator: \.isNewline).dropFirst().map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    #expect(evaluated.map { $0[0] } == ["0", "0", "40", "40", "50", "50"])
    #expect(evaluated.allSatisfy { $0.last?.hasPrefix("0") == true }, "decisions were taken")

    var other = try TransitionDataset(contentsOf: copy)
    other.append([0, 0, 0], [0], StepOutcome(reward: 0, ending: .truncated), next: [0, 0, 0])
    try other.write(to: copy)
    #expect(throws: (any Error).self) { _ = try Run.open(plan(60), in: folder, host: .forTests) }
  }

  private func refusal(_ agent: String, _ environment: String, _ settings: [String]) throws -> ConfigurationError? {
    let scratch = try ScratchFolder()
    let error = #expect(throws: ConfigurationError.self) {
      let plan = try RunPlan(
        agent: agent, environment: environment, seed: 1, steps: 10, settings: tree(settings), in: Catalog.registry)
      _ = try Run.open(plan, in: RunFolder(scratch.path + "/run"), host: .forTests)
    }
    return error
  }

  @Test func mistakesAreNamed() throws {
    let dataset = "agent.dataset=\(Self.pendulum)"
    #expect(try refusal("sac", "MountainCarContinuous-v0", [dataset])?.problem.contains("observations of 3") == true)
    #expect(
      try refusal("sac", "Pendulum-v1", ["agent.dataset=/no/such.npz"])?.problem.contains("cannot be read") == true)
    #expect(try refusal("sac", "Pendulum-v1", [dataset, "run.copies=2"])?.key == "run.copies")
    #expect(try refusal("mba", "Pendulum-v1", [dataset])?.key == "agent.dataset")
    #expect(try refusal("mopo", "Pendulum-v1", [])?.key == "agent.dataset")
    #expect(try refusal("mopo", "Pendulum-v1", [dataset, "world=linear"])?.key == "world")
    #expect(try refusal("sac", "Pendulum-v1", ["hindsight.goals=4"])?.key == "hindsight.goals")
    #expect(
      try refusal("sac", "reacher-reach", ["hindsight.goals=4", "agent.return_steps=2"])?.key == "hindsight.goals")
    let scratch = try ScratchFolder()
    let cartPole = "agent.dataset=\(try cartPole(scratch))"
    #expect(
      try refusal("dqn", "CartPole-v1", [cartPole, "returns.correction=retrace"])?.problem.contains("agent.dataset")
        == true)
    var odd = try TransitionDataset(contentsOf: Self.pendulum)
    odd.environment = "Other-v0"
    try odd.write(to: scratch.path + "/odd.npz")
    #expect(
      try refusal("iql", "Pendulum-v1", ["agent.dataset=\(scratch.path)/odd.npz"])?.problem.contains("is of Other-v0")
        == true)
  }

  /// The largest norm, over the members, of what each predicts as standard deviations.
  @Test func uncertaintyIsTheLargestNorm() throws {
    struct Members: PredictiveModel {
      struct Nowhere: ModelRollout {
        let count = 0
        let steps = 0
        var states: UnsafePointer<Float> { preconditionFailure("not rolled out") }
        mutating func reset(_ starts: RolloutStarts, using random: RandomStream) {}
        mutating func advance(_ actions: UnsafePointer<Float>) {}
      }
      var stateSize: Int { 2 }
      var actionSize: Int { 1 }
      var preferredRows: Int { 1 }
      var memberCount: Int { 2 }

      func makeRollout(capacity: Int, keeping steps: Int) -> Nowhere { Nowhere() }

      func predict(member: Int, states: Matrix, actions: Matrix) -> (means: Matrix, deviations: Matrix) {
        (states, Matrix(rows: 2, columns: 2, member == 0 ? [3, 4, 0, 1] : [0, 1, 5, 12]))
      }
    }
    let steps = TransitionBatch(count: 2, observationSize: 2, actionSize: 1)
    typealias Agent = OfflineModelBasedOptimization<KnownRewards<ProbabilisticEnsemble>, SoftActorCritic>
    #expect(Agent.uncertainty(of: steps, in: Members()) == [5, 13])
  }

  /// With rollouts of one step from the dataset, a weight of the penalty takes that many times the uncertainty from rewards.
  @Test func imaginedRewardsAreLowered() throws {
    func imagined(_ penalty: String) throws -> TransitionBatch {
      let entry = try Catalog.registry.agent("mopo")
      let settings = entry.tiny.settings.filter {
        !$0.hasPrefix("agent.dataset") && !$0.hasPrefix("agent.rollout_length")
      }
      let made = try entry.make(
        tree(settings + ["agent.dataset=\(Self.pendulum)", "agent.rollout_length=1", "agent.penalty=\(penalty)"]),
        for: Catalog.registry.environment("Pendulum-v1").make(), using: RandomStream(seed: 1))
      var agent = try #require(
        made.agent as? OfflineModelBasedOptimization<KnownRewards<ProbabilisticEnsemble>, SoftActorCritic>)
      var metrics = MetricRow(names: agent.metricNames)
      try agent.improve(metrics: &metrics)
      return agent.imagined.contents
    }
    let (none, one, two) = (try imagined("0"), try imagined("1"), try imagined("2"))
    #expect(none.observations == one.observations && none.nextObservations == two.nextObservations)
    for row in 0..<none.count {
      let taken = none.rewards[row] - one.rewards[row]
      #expect(taken > 0 && abs(none.rewards[row] - two.rewards[row] - 2 * taken) < 1e-4)
    }
  }
}
