import Archive
import Environments
import Experience
import Foundation
import Interfaces
import Kernels
import Learners
import Methods
import TestSupport
import Testing

/// QT-Opt's processes: their rates, and what their buffers hold.
@Suite struct QTOptAgentTests {
  private static func agent(_ change: (inout QTOptSettings) -> Void = { _ in }) -> QTOptAgent {
    var (learner, settings) = (MaximizedQLearningSettings(), QTOptSettings())
    learner.hidden = [8]
    (learner.search.samples, learner.search.elites, learner.search.iterations) = (4, 2, 1)
    (settings.randomSteps, settings.onlineCapacity, settings.logCapacity) = (20, 30, 100)
    (settings.labelsPerStep, settings.labelBatch, settings.trainCapacity) = (24, 16, 50)
    (settings.updatesPerLabel, settings.batchSize) = (0.05, 8)
    change(&settings)
    let random = RandomStream(seed: 1)
    let task = Pendulum(PendulumSettings())
    return QTOptAgent(
      settings, learner: MaximizedQLearning(learner, for: task.spec, using: random.child("learner")), spec: task.spec,
      using: random.child("agent"))
  }

  private static func run(_ agent: QTOptAgent, steps: Int) throws -> AgentRunner<QTOptAgent, Pendulum> {
    var runner = AgentRunner(agent, in: Pendulum(PendulumSettings()), seed: 1)
    try runner.collect(steps)
    return runner
  }

  @Test func ratesAndBuffersAreAsSet() throws {
    let runner = try Self.run(Self.agent(), steps: 200)
    let agent = runner.agent
    // 180 steps of 24 labels, a training step for 20 labels
    #expect(agent.labels.appended == 4320)
    #expect(agent.updates == 216 && agent.learner.updates == 216)
    #expect(agent.replay.online.count == 30 && agent.replay.log.count == 100)
    #expect(agent.replay.log.appended == 170)
    func mean(_ name: String) throws -> Double { try #require(runner.metrics.mean(of: name), "\(name)") }
    let (labels, updates) = (try mean("labels_per_step"), try mean("updates_per_label"))
    #expect(abs(labels - 24) < 1 && abs(updates - 0.05) < 0.005, "\(labels), \(updates)")
    let held = try mean("train_count")
    #expect(held > 45 && held <= 50, "\(held)")
    // the newest 30 transitions, drawn uniformly; labels live for 50 / 16 batches of 0.8 training steps
    let ages = (online: try mean("online_age"), log: try mean("log_age"), label: try mean("label_age"))
    #expect(abs(ages.online - 14.5) < 2 && ages.log > 30 && ages.log < 130 && ages.label < 5, "\(ages)")
  }

  /// What updaters and collectors have is that of the training step at which they last got it.
  @Test func parametersLagBehind() throws {
    let agent = Self.agent {
      ($0.updaterInterval, $0.collectorInterval) = (100, 1_000_000)
    }
    let late = try Self.run(agent, steps: 200).agent
    #expect(late.collectors.parameters == agent.collectors.parameters)
    #expect(late.updaters.target != agent.updaters.target)
    #expect(late.updaters.target != late.learner.targets)
    let prompt = try Self.run(Self.agent { ($0.updaterInterval, $0.collectorInterval) = (1, 1) }, steps: 200).agent
    #expect(prompt.updaters.target == prompt.learner.targets)
    #expect(prompt.collectors.parameters == prompt.learner.parameters)
  }

  /// Files of other collectors come into log replay once; those of other shapes are counted and left alone.
  @Test func logReplayTakesInEpisodeFiles() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("foresight-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (index, size) in [3, 3, 2].enumerated() {
      var episodes = Trajectories(observationSize: size, actionSize: 1)
      for t in 0..<5 {
        let ending: Ending = t == 4 ? .truncated : .none
        episodes.append(
          Array(repeating: Float(t), count: size), [0.5], StepOutcome(reward: -1, ending: ending),
          next: Array(repeating: Float(t + 1), count: size))
      }
      try EpisodeFile.write(
        try #require(episodes.episodes.first), to: folder.appendingPathComponent("e\(index).npz").path)
    }
    try Data("nonsense".utf8).write(to: folder.appendingPathComponent("f.npz"))
    let agent = Self.agent {
      ($0.logFolder, $0.logInterval, $0.onlineCapacity) = (folder.path, 10, 1000)
    }
    let runner = try Self.run(agent, steps: 60)
    #expect(runner.agent.replay.log.appended == 10)
    #expect(runner.metrics.mean(of: "log_files") == 2 && runner.metrics.mean(of: "refused_files") == 2)
    let rewards = runner.agent.replay.log.contents.rewards.elements
    #expect(rewards == Array(repeating: -1, count: 10))
  }

  /// A step, with its labels and training steps, allocates nothing.
  @Test func stepsDoNotAllocate() throws {
    var (agent, metrics) = (Self.agent(), MetricRow(names: Self.agent().metricNames))
    let task = Pendulum(PendulumSettings())
    var round = CopySteps(count: 1, spec: task.spec)
    agent.prepare(copies: 1, for: .collect)
    agent.startEpisode(of: 0, for: .collect, using: RandomStream(seed: 1))
    func step() throws {
      try agent.act(on: &round, for: .collect)
      agent.observe(round)
      try agent.improve(metrics: &metrics)
    }
    for _ in 0..<100 { try step() }
    let found = try allocations { try step() }
    #expect(found == 0, "\(found) heap allocations")
  }
}
