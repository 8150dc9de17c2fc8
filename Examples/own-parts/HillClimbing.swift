import Archive
import Configuration
import Foundation
import Interfaces
import Kernels
import Laboratory

/// Settings of `HillClimbing`.
struct HillClimbingSettings: Configuration {
  init() {}
  @Setting("Deviation of a change of the parameters", in: 1e-4...100) var deviation: Float = 0.5
  @Setting("Episodes that each change is tried for", in: 1...10_000) var episodes: Int = 4
}

/// A whole method in one file: a policy u = mid + half tanh(W s + b), changed at random; a change is kept if the mean
/// return of some episodes is not worse than the best before.
struct HillClimbing: RowwiseAgent {
  let metricNames = ["best_return"]
  let phases = PhaseSeconds()

  private let (low, high): ([Float], [Float])
  private let settings: HillClimbingSettings
  private var best: Vector  // [A, D + 1], row by row
  private var tried: Vector
  private var bestReturn = -Float.infinity
  /// Sum of the rewards under `tried`, and how many of its episodes have ended.
  private var sum: Float = 0
  private var episodes = 0

  init(_ settings: HillClimbingSettings, for spec: EnvironmentSpec) {
    self.settings = settings
    (low, high) = spec.action.bounds
    best = Vector(count: spec.action.size * (spec.observationSize + 1))
    tried = best
  }

  /// One copy at a time, and measuring has no memory: there is no room to make.
  mutating func prepare(copies: Int, for purpose: ActPurpose) {}

  mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    guard purpose == .collect && episodes == 0 else { return }
    var random = random
    tried.copy(from: best)
    let entries = tried.mutablePointer
    for i in 0..<tried.count { entries[i] += settings.deviation * random.normal() }
    sum = 0
  }

  mutating func act(on observation: [Float], of copy: Int, for purpose: ActPurpose, action: inout [Float]) {
    let width = observation.count + 1
    let weights = purpose == .collect ? tried : best
    for i in action.indices {
      let row = weights.pointer + i * width
      var sum = row[observation.count]
      for j in observation.indices { sum += row[j] * observation[j] }
      let share = tanh(sum)
      action[i] = 0.5 * (low[i] + high[i]) + 0.5 * (high[i] - low[i]) * share
    }
  }

  mutating func observe(
    _ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float], of copy: Int
  ) {
    sum += outcome.reward
    if outcome.ending != .none { episodes += 1 }
  }

  mutating func improve(metrics: inout MetricRow) {
    guard episodes == settings.episodes else { return }
    let mean = sum / Float(episodes)
    episodes = 0
    if mean >= bestReturn {
      bestReturn = mean
      best.copy(from: tried)
    }
    metrics.record("best_return", bestReturn)
  }
}

extension HillClimbing: Archived {
  mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("best", &best)
    try fields.field("tried", &tried)
    try fields.field("best_return", &bestReturn)
    try fields.field("sum", &sum)
    try fields.field("episodes", &episodes, in: 0...settings.episodes)
  }
}

extension AgentEntry {
  /// Hill climbing, for continuous actions.
  static let hillClimbing = AgentEntry(
    "hill-climbing", summary: "random changes of a linear policy, kept if they help",
    tiny: TinyRun(in: "Pendulum-v1", []), singleCopyReason: "compares one episode with the next",
    defaults: HillClimbingSettings(),
    make: { settings, environment, random throws(ConfigurationError) in
      guard case .box = environment.spec.action else {
        throw ConfigurationError(
          kind: .relation, key: "environment", value: environment.name, problem: "needs continuous actions")
      }
      return HillClimbing(settings, for: environment.spec)
    })
}
