import Archive
import Catalog
import Configuration
import Interfaces
import Kernels
import Laboratory
import TestSupport
import Testing

/// Deep Q-learning whose learner has a thread of its own.
@Suite struct AsynchronousTests {
  private static let settings = [
    "agent.batch_size=8", "agent.random_steps=20", "agent.updates=2", "learner.hidden=[16]",
    "learner.target_interval=7", "learner.epsilon_steps=60",
  ]

  private func agent(_ settings: [String], in environment: EnvironmentInstance) throws -> any Agent {
    var tree = ConfigurationTree()
    for setting in settings { tree = tree.merging(try ConfigurationTree(assignment: setting)) }
    let entry = try Catalog.registry.agent("dqn")
    return try entry.make(tree, for: environment, using: RandomStream(seed: 5)).agent
  }

  /// Learning depends on the steps and their order alone, not on when they come: the parameters are those of an agent
  /// without a thread that has seen the same steps.
  @Test(arguments: [1, 3, 1000])
  func theSameStepsTeachTheSame(lag: Int) throws {
    let task = try Catalog.registry.environment("CartPole-v1").make()
    var (plain, threaded) = (
      try agent(Self.settings, in: task),
      try agent(Self.settings + ["actors.asynchronous=true", "actors.max_lag=\(lag)"], in: task)
    )
    var (environment, random) = (task.environment, RandomStream(seed: 8))
    var (first, second) = (MetricRow(names: plain.metricNames), MetricRow(names: threaded.metricNames))
    var round = CopySteps(count: 1, spec: environment.spec)
    var observation = [Float](repeating: 0, count: environment.spec.observationSize)
    for purpose in [ActPurpose.collect, .evaluate] {
      plain.prepare(copies: 1, for: purpose)
      threaded.prepare(copies: 1, for: purpose)
    }
    var isUnderWay = false
    for _ in 0..<200 {
      if !isUnderWay {
        try environment.reset(using: &random, observation: &observation)
        plain.startEpisode(of: 0, for: .collect, using: random.child("plain"))
        threaded.startEpisode(of: 0, for: .collect, using: random.child("threaded"))
        round.times[0] = 0
      }
      round.observations.setRow(0, observation)
      // the other's action is thrown away
      try threaded.act(on: &round, for: .collect)
      try plain.act(on: &round, for: .collect)
      let outcome = try environment.step([round.actions[0, 0]], observation: &observation)
      round.rewards[0] = outcome.reward
      round.endings[0] = outcome.ending
      round.next.setRow(0, observation)
      isUnderWay = outcome.ending == .none
      plain.observe(round)
      threaded.observe(round)
      try plain.improve(metrics: &first)
      try threaded.improve(metrics: &second)
      round.times[0] += 1
    }
    let (expected, found) = (state(plain), state(threaded))
    // all but the streams that actions are drawn from
    let names = expected.file.tensors.keys.filter { !$0.hasPrefix("exploration") }
    #expect(names.count > 10)
    for name in names { #expect(found.file.tensors["learner." + name] == expected.file.tensors[name], "\(name)") }
    try threaded.improve(metrics: &second)
    for name in plain.metricNames { #expect(first.mean(of: name) == second.mean(of: name), "\(name)") }

    // measured agents have the newest parameters
    threaded.prepare(copies: 1, for: .evaluate)
    #expect(threaded.predictedValue(of: observation) == plain.predictedValue(of: observation))
  }

  private func state(_ agent: any Agent) -> OracleState { OracleState(agent) }

  /// A run ends, and an interrupted one goes on.
  @Test func runsEndAndGoOn() throws {
    let folder = RunFolder(try ScratchFolder().path + "/run")
    var tree = ConfigurationTree()
    for setting in Self.settings + ["actors.asynchronous=true", "run.copies=2", "evaluation.interval=100"] {
      tree = tree.merging(try ConfigurationTree(assignment: setting))
    }
    for steps in [150, 300] {
      let plan = try RunPlan(
        agent: "dqn", environment: "CartPole-v1", seed: 1, steps: steps, settings: tree, in: Catalog.registry)
      guard case .ready(var run) = try Run.open(plan, in: folder, host: .forTests) else {
        throw ArchiveError.missing(name: "anything to do")
      }
      #expect(try run.execute(stop: StopRequest()) == .finished)
    }
    let rows = CSV.records(try FileSystem.read(folder.path(of: .evaluations)))
    #expect(rows.dropFirst().compactMap { $0.first.flatMap { Int($0) } }.max() == 300)
  }

  /// Numbers that are not finite end the run, wherever they come up.
  @Test func failuresArrive() throws {
    let task = try Catalog.registry.environment("CartPole-v1").make()
    var agent = try agent(Self.settings + ["actors.asynchronous=true", "agent.random_steps=0"], in: task)
    agent.prepare(copies: 1, for: .collect)
    agent.startEpisode(of: 0, for: .collect, using: RandomStream(seed: 1))
    var (round, metrics) = (CopySteps(count: 1, spec: task.environment.spec), MetricRow(names: agent.metricNames))
    round.rewards[0] = .nan
    #expect(throws: NumericalFailure.self) {
      for _ in 0..<1000 {
        try agent.act(on: &round, for: .collect)
        agent.observe(round)
        try agent.improve(metrics: &metrics)
      }
    }
  }

  /// What needs the actors' own parameters cannot be had beside it.
  @Test(arguments: ["learner.noisy=true", "returns.correction=retrace", "actors.refresh_interval=10"])
  func contradictionsAreRefused(setting: String) throws {
    let task = try Catalog.registry.environment("CartPole-v1").make()
    #expect(throws: ConfigurationError.self) { try agent(["actors.asynchronous=true", setting], in: task) }
  }
}
