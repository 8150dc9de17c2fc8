import Archive
import Configuration
import Interfaces
import Kernels
import Laboratory
import Testing
import TestSupport

/// Evaluations in environments whose episodes need not end.
@Suite struct EvaluationBoundTests {
  private let root: ScratchFolder

  init() throws { root = try ScratchFolder() }

  /// Never ends; each step is worth 1.
  private struct Endless: Environment {
    struct Settings: Configuration {
      @Setting("Steps of an episode; auto for no end", in: 1...) var limit: Int? = nil
      init() {}
    }
    let spec: EnvironmentSpec
    private var taken = 0

    init(_ settings: Settings) {
      spec = EnvironmentSpec(
        observationSize: 1, action: .box(low: [-1], high: [1]), timeStep: 1,
        stepLimit: settings.limit ?? EnvironmentSpec.unlimited)
    }

    mutating func reset(using random: inout RandomStream, observation: inout [Float]) {
      (taken, observation[0]) = (0, 0)
    }

    mutating func step(_ action: [Float], observation: inout [Float]) -> StepOutcome {
      taken += 1
      return StepOutcome(reward: 1, ending: taken >= spec.stepLimit ? .truncated : .none)
    }

    func save(to writer: inout StateWriter) { writer.write("taken", taken) }

    mutating func restore(from reader: StateReader) throws(ArchiveError) { taken = try reader.count("taken") }
  }

  private let registry = Registry(
    environments: [
      EnvironmentEntry("endless", summary: "never ends") { (settings: Endless.Settings) throws(ConfigurationError) in
        (environment: Endless(settings), objective: nil)
      }
    ],
    agents: [
      AgentEntry("tally", summary: "counts", tiny: TinyRun(in: "endless", [])) {
        (settings: Tally.Settings, _, random) throws(ConfigurationError) in Tally(settings, random: random)
      },
      AgentEntry(
        "hasty", summary: "counts in short episodes", presets: [AgentPreset(["endless"], ["run.episode_steps=4"])],
        tiny: TinyRun(in: "endless", [])
      ) { (settings: Tally.Settings, _, random) throws(ConfigurationError) in Tally(settings, random: random) },
    ])

  /// Lengths in a table of episodes of a run of 10 steps.
  private func lengths(
    _ settings: [String], of agent: String = "tally", in table: RunTable = .evaluations
  ) throws -> [String] {
    var tree = ConfigurationTree()
    for setting in settings + ["evaluation.episodes=2", "evaluation.at_start=false"] {
      tree = tree.merging(try ConfigurationTree(assignment: setting))
    }
    let plan = try RunPlan(
      agent: agent, environment: "endless", seed: 1, steps: 10, settings: tree, in: registry)
    let folder = RunFolder(root.path + "/" + agent + "_" + settings.joined(separator: "_"))
    guard case .ready(var run) = try Run.open(plan, in: folder, host: .forTests) else { return [] }
    _ = try run.execute(stop: StopRequest())
    return try CSV.records(FileSystem.read(folder.path(of: table))).dropFirst().map { $0[3] }
  }

  @Test func episodesWithoutEndAreCut() throws {
    #expect(try lengths([]) == ["1000", "1000"])
    #expect(try lengths(["evaluation.max_steps=7"]) == ["7", "7"])
    #expect(try lengths(["evaluation.max_steps=7", "evaluation.copies=2"]) == ["7", "7"])
    #expect(try lengths(["environment.limit=20000"]) == ["20000", "20000"], "the environment's own limit")
    #expect(try lengths(["environment.limit=20000", "evaluation.max_steps=9"]) == ["9", "9"])
    // lengths count the simulator's steps, limits of environments decisions
    #expect(try lengths(["environment.limit=20", "environment.wrappers.action_repeat=2"]) == ["20", "20"])
    #expect(
      try lengths(["environment.limit=20", "environment.wrappers.action_repeat=2", "evaluation.max_steps=9"]) == [
        "10", "10",
      ])
  }

  /// Episodes of training can be cut off while evaluations go on to the task's end.
  @Test(arguments: [1, 2])
  func onlyTrainingIsCut(copies: Int) throws {
    let settings = ["environment.limit=20", "run.episode_steps=4", "run.copies=\(copies)"]
    #expect(try lengths(settings) == ["20", "20"])
    let training = try lengths(settings + ["log.interval=5"], in: .episodes)
    #expect(!training.isEmpty && training.allSatisfy { $0 == "4" }, "\(training)")
    #expect {
      try lengths(["environment.limit=20", "run.episode_steps=21"])
    } throws: { error in
      "\(error)".contains("run.episode_steps") && "\(error)".contains("at most 20")
    }
  }

  /// A preset's cut gives way to what users set, and to episodes that end before it.
  @Test func presetsCutWhereThereIsSomethingToCut() throws {
    func training(_ settings: String...) throws -> Set<String> {
      Set(try lengths(settings + ["log.interval=5"], of: "hasty", in: .episodes))
    }
    #expect(try training("environment.limit=20") == ["4"])
    #expect(try training("environment.limit=20", "run.episode_steps=5") == ["5"])
    #expect(try training("environment.limit=3") == ["3"])
    #expect(throws: ConfigurationError.self) { try training("environment.limit=3", "run.episode_steps=5") }
  }

  /// To whoever watches, the cut is a truncation, and it is said.
  @Test func whatIsCutCountsAsTruncated() throws {
    var evaluator = Evaluator(environments: [Endless(Endless.Settings())], maxSteps: 5)
    var agent: any Agent = Tally(Tally.Settings(), random: RandomStream(seed: 1))
    var endings: [Ending] = []
    let played = try #require(
      try evaluator.episodes(
        2, of: &agent, using: RandomStream(seed: 2), observe: { _, _, outcome, _ in endings.append(outcome.ending) }))
    #expect(endings == [.none, .none, .none, .none, .truncated, .none, .none, .none, .none, .truncated])
    #expect(played.map(\.total) == [5, 5] && played.allSatisfy(\.isCut))
    #expect(
      evaluator.remark(on: played)
        == "2 of 2 evaluation episodes had not ended after 5 steps and were cut off there (evaluation.max_steps); they "
        + "count as truncated")
  }
}
