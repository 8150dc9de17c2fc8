import Archive
import Catalog
import Configuration
import Interfaces
import Kernels
import Laboratory
import Testing
import TestSupport

/// Environments that normalize: runs stay reproducible, and agents are measured with what they were trained on.
@Suite struct StatisticsTests {
  private static let settings = [
    "environment.wrappers.normalize_observations=true", "environment.wrappers.normalize_rewards=true",
    "environment.wrappers.sticky_actions=0.2", "environment.wrappers.frame_stack=2",
    "environment.wrappers.action_repeat=2", "environment.step_limit=30",
  ]

  @Test func runsAreReproducible() throws {
    let failures = try LaboratoryConformance.failures(
      of: "sac", in: "Pendulum-v1", registry: Catalog.registry, steps: 120,
      settings: Self.settings + [
        "learner.hidden=[16,16]", "agent.batch_size=16", "agent.random_steps=20", "evaluation.interval=40",
        "evaluation.episodes=1", "log.interval=7",
      ])
    #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
  }

  /// Whatever units an agent learns in, a table of episodes has the task's: one that acts at random writes the same one.
  @Test(arguments: [1, 3])
  func episodesAreInTheTasksUnits(copies: Int) throws {
    let root = try ScratchFolder()
    func episodes(_ name: String, _ settings: [String]) throws -> [String] {
      var tree = ConfigurationTree()
      let common = ["run.copies=\(copies)", "environment.step_limit=10", "environment.wrappers.action_repeat=2"]
      for setting in common + settings { tree = tree.merging(try ConfigurationTree(assignment: setting)) }
      let plan = try RunPlan(
        agent: "random", environment: "Pendulum-v1", seed: 1, steps: 120, settings: tree, in: Catalog.registry)
      let folder = RunFolder("\(root.path)/\(name)")
      guard case .ready(var run) = try Run.open(plan, in: folder, host: .forTests) else {
        throw ArchiveError.missing(name: "anything to do")
      }
      #expect(try run.execute(stop: StopRequest()) == .finished)
      return try lines(.episodes, in: folder)
    }
    let plain = try episodes("plain", [])
    #expect(plain.count > 10)
    #expect(try episodes("normalized", ["environment.wrappers.normalize_rewards=true"]) == plain)
    #expect(try episodes("scaled", ["environment.wrappers.scaled_rewards=0.1"]) == plain)
  }

  /// The first observation of a measured episode, made anew from the statistics of training; and returns in the task's
  /// own units.
  @Test func evaluationUsesTheStatisticsOfTraining() throws {
    let entry = try Catalog.registry.environment("Pendulum-v1")
    let normalized = try entry.make(
      ConfigurationTree(assignment: "wrappers.normalize_observations=true").merging(
        ConfigurationTree(assignment: "wrappers.normalize_rewards=true")))
    var (training, plain) = (normalized.environment, try entry.make().environment)
    var observation = [Float](repeating: 0, count: 3)
    var (moments, random) = (RunningMoments(size: 3), RandomStream(seed: 4))
    var copy = random
    func take() { observation.withUnsafeBufferPointer { moments.add($0) } }
    try plain.reset(using: &copy, observation: &observation)
    take()
    for _ in 0..<50 {
      _ = try plain.step([1], observation: &observation)
      take()
    }
    try training.reset(using: &random, observation: &observation)
    for _ in 0..<50 { _ = try training.step([1], observation: &observation) }

    var evaluator = Evaluator(environment: normalized.environment)
    try evaluator.adoptStatistics(of: training)
    let seen = Seen()
    var agent: any Agent = Watcher(seen: seen)
    let stream = RandomStream(seed: 9)
    let measured = try #require(try evaluator.episode(of: &agent, using: stream))
    var start = stream.child("environment")
    try plain.reset(using: &start, observation: &observation)
    var expected = observation
    expected.withUnsafeMutableBufferPointer { moments.standardize($0, limit: 10) }
    #expect(seen.first == expected)
    var total = 0.0
    for _ in 0..<measured.length { total += Double(try plain.step([0], observation: &observation).reward) }
    #expect(total == measured.total)
  }
}

/// What an agent has seen.
private final class Seen {
  var first: [Float] = []
}

/// Does nothing, and remembers the first observation.
private struct Watcher: RowwiseAgent {
  let seen: Seen
  var metricNames: [String] { [] }
  var phases: PhaseSeconds { PhaseSeconds() }
  mutating func prepare(copies: Int, for purpose: ActPurpose) {}
  mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {}
  mutating func act(on observation: [Float], of copy: Int, for purpose: ActPurpose, action: inout [Float]) {
    if seen.first.isEmpty { seen.first = observation }
    action[0] = 0
  }
  mutating func observe(
    _ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float], of copy: Int
  ) {}
  mutating func improve(metrics: inout MetricRow) {}
  func save(to writer: inout StateWriter) {}
  mutating func restore(from reader: StateReader) throws(ArchiveError) {}
}
