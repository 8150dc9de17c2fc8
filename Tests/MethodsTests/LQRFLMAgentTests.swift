import Methods
import Archive
import Configuration
import Environments
import Interfaces
import Kernels
import Learners
import Models
import TestSupport
import Testing

/// LQR with fitted local models and guided policy search on a point mass.
@Suite struct LQRFLMAgentTests {
  private static func task(_ change: (inout PointMassObstacleSettings) -> Void = { _ in }) -> PointMassObstacle {
    var settings = PointMassObstacleSettings()
    settings.stepLimit = 30
    change(&settings)
    return PointMassObstacle(settings)
  }

  private typealias Player = LQRFLMAgent<MixtureRegression>

  private static func agent(
    _ environment: PointMassObstacle, seed: UInt64, _ change: (inout LQRFLMSettings) -> Void = { _ in }
  ) throws -> Player {
    var settings = LQRFLMSettings()
    change(&settings)
    let task = TrajectoryOptimizationTask(environment)
    return try LQRFLMAgent(
      settings, task: task,
      estimator: MixtureRegression(
        LinearGaussianRegressionSettings(), inputSize: task.stateSize + task.actionSize, outputSize: task.stateSize),
      using: RandomStream(seed: seed))
  }

  private static func index(_ column: String, in table: AgentTable) throws -> Int {
    try #require(table.columns.firstIndex(of: column))
  }

  /// Rows of the table of iterations, the trajectories' dropped.
  private static func collect<Runner: Agent>(
    _ runner: inout AgentRunner<Runner, PointMassObstacle>, iterations: Int, samples: Int = 5, steps: Int = 30
  ) throws -> [[AgentField]] {
    var rows: [[AgentField]] = []
    for _ in 0..<iterations * samples * steps {
      try runner.step()
      rows += runner.takeRows().filter { $0.table == 0 }.map(\.fields)
    }
    return rows
  }

  private static func number(_ field: AgentField) throws -> Double {
    guard case .number(let value) = field else { throw NoNumber() }
    return value
  }

  private struct NoNumber: Error {}

  /// Eight iterations of five samples lead round the obstacle to the goal, and every divergence keeps its bound.
  @Test(arguments: [UInt64(1), 2, 3]) func learnsToGoRound(_ seed: UInt64) throws {
    let environment = Self.task { $0.stepLimit = 50 }
    var runner = AgentRunner(try Self.agent(environment, seed: seed), in: environment, seed: seed)
    let rows = try Self.collect(&runner, iterations: 8, steps: 50)
    let table = runner.agent.tables[0]
    #expect(rows.count == 8)
    for row in rows {
      #expect(row[try Self.index("outcome", in: table)] == .text("updated"))
      let bound = try Self.number(row[Self.index("kl_bound", in: table)]) * 50
      #expect(try abs(Self.number(row[Self.index("kl", in: table)]) / bound - 1) <= 0.1)
    }
    let costs = try rows.map { try Self.number($0[Self.index("cost", in: table)]) }
    #expect(costs[7] < 56 && costs[7] < 0.4 * costs[0], "\(costs)")
    #expect(try runner.evaluate().total > -52)
  }

  /// Two conditions have controllers of their own, and each is followed from its own start.
  @Test func conditionsAreToldApart() throws {
    let environment = Self.task { $0.conditions = 3 }
    var runner = AgentRunner(
      try Self.agent(environment, seed: 4) { $0.samples = 2 }, in: environment, seed: 4)
    let rows = try Self.collect(&runner, iterations: 2, samples: 6)
    #expect(rows.map { $0[1] } == [0, 1, 2, 0, 1, 2].map { .integer($0) })
    #expect(rows.map { $0[0] } == [0, 0, 0, 1, 1, 1].map { .integer($0) })
    #expect(rows.allSatisfy { $0[2] == .integer(2) })
  }

  /// Episodes that end early have no place in fits, and are counted; the rest goes on.
  @Test func shortEpisodesAreLeftOut() throws {
    let environment = Self.task()
    var agent = try Self.agent(environment, seed: 1) { $0.samples = 2 }
    var metrics = MetricRow(names: agent.metricNames)
    var action: [Float] = [0, 0]
    for (episode, length) in [30, 12, 30].enumerated() {
      agent.startEpisode(for: .collect, using: RandomStream(seed: UInt64(episode)))
      for t in 0..<length {
        let seen: [Float] = [-1 + 0.01 * Float(t), 0, 0.2, 0]
        try agent.act(on: seen, for: .collect, action: &action)
        let ending = t == length - 1 ? (length < 30 ? Ending.terminated : .truncated) : .none
        agent.observe(
          seen, action, StepOutcome(reward: 0, ending: ending), next: [-1 + 0.01 * Float(t + 1), 0, 0.2, 0])
        agent.improve(metrics: &metrics)
      }
    }
    #expect(metrics.mean(of: "discarded_trajectories") == 1)
    #expect(agent.takeRows().filter { $0.table == 0 }.count == 1)
  }

  /// An estimator that fails leaves the controller as it is, and the run goes on.
  @Test func failedFitsKeepTheController() throws {
    let environment = Self.task()
    let task = TrajectoryOptimizationTask(environment)
    var agent = try LQRFLMAgent(
      LQRFLMSettings(), task: task, estimator: FailingEstimator(), using: RandomStream(seed: 1))
    agent.startEpisode(for: .evaluate, using: RandomStream(seed: 1))
    var (before, after) = ([Float](repeating: 0, count: 2), [Float](repeating: 0, count: 2))
    try agent.act(on: [-1, 0, 0, 0], for: .evaluate, action: &before)
    var runner = AgentRunner(agent, in: environment, seed: 1)
    let rows = try Self.collect(&runner, iterations: 3)
    #expect(rows.count == 3 && rows.allSatisfy { $0.contains(.text("no-fit")) })
    #expect(runner.metrics.mean(of: "update_failures") == 1)
    agent = runner.agent
    agent.startEpisode(for: .evaluate, using: RandomStream(seed: 1))
    try agent.act(on: [-1, 0, 0, 0], for: .evaluate, action: &after)
    #expect(before == after)
  }

  private struct FailingEstimator: LinearGaussianEstimator {
    mutating func absorb(_ rows: [TimedRows], using random: inout RandomStream) -> PriorReport { PriorReport() }
    func fit(_ rows: TimedRows) -> LinearGaussianFit { .failed(step: 0) }
    func save(to writer: inout StateWriter) {}
    mutating func restore(from reader: StateReader) throws(ArchiveError) {}
  }

  /// The three ways to follow a controller: planned actions whatever the state, feedback without noise, and with it.
  @Test func modesFollowAsTheySay() throws {
    func actions(_ mode: ControllerMode) throws -> (own: [Float], other: [Float], again: [Float]) {
      let environment = Self.task()
      var runner = AgentRunner(
        try Self.agent(environment, seed: 5) { $0.execution = mode }, in: environment, seed: 5)
      _ = try Self.collect(&runner, iterations: 2)
      var agent = runner.agent
      func act(_ position: Float, _ seed: UInt64) throws -> [Float] {
        var action: [Float] = [0, 0]
        agent.startEpisode(for: .evaluate, using: RandomStream(seed: seed))
        try agent.act(on: [position, 0, 0, 0], for: .evaluate, action: &action)
        return action
      }
      return (try act(-1, 1), try act(-0.7, 1), try act(-1, 2))
    }
    let (open, closed, noisy) = (try actions(.openLoop), try actions(.feedback), try actions(.gaussian))
    #expect(open.own == open.other && open.own == open.again)
    #expect(closed.own != closed.other && closed.own == closed.again)
    #expect(noisy.own != noisy.again)
  }

  @Test func actingDoesNotAllocate() throws {
    let environment = Self.task()
    var agent = try Self.agent(environment, seed: 1)
    var action: [Float] = [0, 0]
    let observation: [Float] = [-1, 0, 0, 0]
    agent.startEpisode(for: .collect, using: RandomStream(seed: 1))
    try agent.act(on: observation, for: .collect, action: &action)
    let count = try allocations {
      for _ in 0..<20 {
        try agent.act(on: observation, for: .collect, action: &action)
        try agent.act(on: observation, for: .evaluate, action: &action)
      }
    }
    #expect(count == 0)
  }

  // MARK: - Guided policy search

  private typealias Guided = GuidedPolicySearch<MixtureRegression, MixtureRegression>

  private static func guided(
    _ environment: PointMassObstacle, _ coupling: PolicyCoupling, seed: UInt64,
    _ change: (inout GuidedSearchSettings) -> Void = { _ in }
  ) throws -> Guided {
    var (guided, local, policy) = (GuidedSearchSettings(), LQRFLMSettings(), PolicyRegressionSettings())
    change(&guided)
    local.samples = 4
    local.details = false
    (policy.hidden, policy.steps) = ([32], 800)
    let (task, random) = (TrajectoryOptimizationTask(environment), RandomStream(seed: seed))
    let (n, m) = (task.stateSize, task.actionSize)
    return try GuidedPolicySearch(
      guided, local, coupling: coupling, task: task,
      estimator: MixtureRegression(LinearGaussianRegressionSettings(), inputSize: n + m, outputSize: n),
      policy: PolicyRegression(
        policy, observationSize: try guided.components(of: task).count, low: task.low, high: task.high,
        using: random.child("policy")),
      linearizer: MixtureRegression(LinearGaussianRegressionSettings(), inputSize: n, outputSize: m), using: random)
  }

  /// Controllers and policy come together: the policy is about as good as they are and, by multipliers, the divergence
  /// between them falls.
  @Test(arguments: [true, false], [UInt64(1), 2]) func policyAndControllersMeet(_ mirror: Bool, _ seed: UInt64) throws {
    let environment = Self.task { ($0.conditions, $0.stepLimit) = (2, 40) }
    let coupling = mirror ? PolicyCoupling.mirror : .multipliers(MultiplierCouplingSettings())
    var runner = AgentRunner(try Self.guided(environment, coupling, seed: seed), in: environment, seed: seed)
    let rows = try Self.collect(&runner, iterations: 12, samples: 8, steps: 40)
    let table = runner.agent.tables[0]
    func means(_ column: String) throws -> [Double] {
      let place = try Self.index(column, in: table)
      return try (0..<12).map { k in
        try (0..<2).reduce(0) { try $0 + Self.number(rows[2 * k + $1][place]) / 2 }
      }
    }
    let (apart, costs) = (try means("policy_kl"), try means("cost"))
    let (early, late) = (apart[1...3].reduce(0, +) / 3, apart[9...11].reduce(0, +) / 3)
    #expect(mirror || late < 0.5 * early, "\(apart)")
    #expect(costs[11] < 0.5 * costs[0], "\(costs)")
    let policy = try (0..<2).reduce(0.0) { sum, _ in try sum - runner.evaluate().total / 2 }
    #expect(policy < 1.5 * costs[11], "\(policy) against \(costs[11])")
  }

  /// A policy that sees positions alone acts by them alone.
  @Test func thePolicySeesWhatItIsGiven() throws {
    let environment = Self.task()
    var runner = AgentRunner(
      try Self.guided(environment, .mirror, seed: 3) { $0.observed = [0, 1] }, in: environment, seed: 3)
    _ = try Self.collect(&runner, iterations: 2, samples: 4)
    var agent = runner.agent
    func action(_ observation: [Float]) throws -> [Float] {
      var action: [Float] = [0, 0]
      agent.startEpisode(for: .evaluate, using: RandomStream(seed: 1))
      try agent.act(on: observation, for: .evaluate, action: &action)
      return action
    }
    #expect(try action([-1, 0, 0, 0]) == action([-1, 0, 3, -3]))
    #expect(try action([-1, 0, 0, 0]) != action([-0.5, 0, 0, 0]))
    #expect(throws: ConfigurationError.self) { try Self.guided(environment, .mirror, seed: 1) { $0.observed = [4] } }
  }
}
