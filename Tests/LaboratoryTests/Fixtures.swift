import Archive
import Configuration
import Foundation
import Interfaces
import Kernels
import Laboratory
import Synchronization

/// Counts down from a drawn number; terminates at 0, is cut off after four steps. Each step is worth 0.5.
struct Countdown: Environment {
  struct Settings: Configuration {
    @Setting("Largest start", in: 2...100) var largest: Int = 6
    init() {}
  }

  let largest: Int
  var remaining = 0
  var taken = 0
  let spec = EnvironmentSpec(observationSize: 1, action: .box(low: [-1], high: [1]), timeStep: 1, stepLimit: 4)

  init(_ settings: Settings) { largest = settings.largest }

  mutating func reset(using random: inout RandomStream, observation: inout [Float]) {
    remaining = 2 + random.index(below: largest - 1)
    taken = 0
    observation[0] = Float(remaining)
  }

  mutating func step(_ action: [Float], observation: inout [Float]) throws -> StepOutcome {
    remaining -= 1
    taken += 1
    observation[0] = Float(remaining)
    return StepOutcome(reward: 0.5, ending: remaining == 0 ? .terminated : taken == spec.stepLimit ? .truncated : .none)
  }

  func save(to writer: inout StateWriter) { writer.write("counts", [remaining, taken]) }

  mutating func restore(from reader: StateReader) throws(ArchiveError) {
    let counts = try reader.integers("counts")
    (remaining, taken) = (counts[0], counts[1])
  }
}

/// Draws its actions, counts what it is told, and reports the count as its loss; can be told to go wrong.
struct Tally: RowwiseAgent {
  struct Settings: Configuration {
    @Setting("Observed steps at which the loss is not a number; auto is never", in: 1...) var nanLossAt: Int? = nil
    @Setting("Observed steps at which acting fails; auto is never", in: 0...) var failingActAt: Int? = nil
    @Setting("Factor of its actions, which are drawn from 0 to 1") var reach: Float = 1
    @SettingGroup("Nested") var nested = Nested()
    init() {}
  }

  struct Nested: Configuration {
    @Setting("Something", in: 1...10) var depth: Int = 3
    init() {}
  }

  let settings: Settings
  var observed = 0
  /// Of each copy.
  var (random, evaluating): ([RandomStream], [RandomStream])
  var metricNames: [String] { ["loss", "never"] }
  var phases: PhaseSeconds { PhaseSeconds() }

  init(_ settings: Settings, random: RandomStream) {
    self.settings = settings
    (self.random, evaluating) = ([random], [random])
  }

  mutating func prepare(copies: Int, for purpose: ActPurpose) {
    let streams = Array(repeating: RandomStream(seed: 0), count: copies)
    if purpose == .collect { random = streams } else { evaluating = streams }
  }

  mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    if purpose == .collect { self.random[copy] = random } else { evaluating[copy] = random }
  }

  mutating func act(
    on observation: [Float], of copy: Int, for purpose: ActPurpose, action: inout [Float]
  ) throws(NumericalFailure) {
    if observed == settings.failingActAt { throw NumericalFailure(metric: "planned_return", value: .infinity) }
    action[0] = settings.reach * (purpose == .collect ? random[copy].uniform() : evaluating[copy].uniform())
  }

  mutating func observe(
    _ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float], of copy: Int
  ) {
    observed += 1
  }

  mutating func improve(metrics: inout MetricRow) throws(NumericalFailure) {
    metrics.record("loss", observed == settings.nanLossAt ? .nan : Float(observed))
  }

  func save(to writer: inout StateWriter) {
    writer.write("observed", observed)
    writer.write("random", copies: random)
  }

  mutating func restore(from reader: StateReader) throws(ArchiveError) {
    observed = try reader.integer("observed")
    try reader.read("random", intoCopies: &random)
  }
}

/// The two of them, by name.
let fixtures = Registry(
  environments: [
    EnvironmentEntry("countdown", summary: "counts down") { (settings: Countdown.Settings) throws(ConfigurationError) in
      (environment: Countdown(settings), objective: nil)
    }
  ],
  agents: [
    AgentEntry("tally", summary: "counts", tiny: TinyRun(in: "countdown", [])) {
      (settings: Tally.Settings, _, random) throws(ConfigurationError) in Tally(settings, random: random)
    }
  ])

/// A plan for `tally` in `countdown`; the best checkpoint is not kept unless `settings` say so.
func plan(steps: Int = 20, seed: Int = 3, _ settings: [String] = []) throws -> RunPlan {
  var tree = try ConfigurationTree(assignment: "checkpoint.best=false")
  for setting in settings { tree = tree.merging(try ConfigurationTree(assignment: setting)) }
  return try RunPlan(
    agent: "tally", environment: "countdown", seed: seed, steps: steps, settings: tree, in: fixtures)
}

/// The lines of a table, line ends removed.
func lines(_ table: RunTable, in folder: RunFolder) throws -> [String] {
  let text = String(decoding: try FileSystem.read(folder.path(of: table)), as: UTF8.self)
  return text.split(separator: "\r\n").map(String.init)
}
