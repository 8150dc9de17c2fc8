internal import Archive
internal import Interfaces
internal import Kernels

/// A training episode that has just ended.
struct CompletedEpisode {
  let index: Int
  let total: Double
  let length: Int
  let ending: Ending
  /// Components of its actions that lay beyond the bounds, which environments clip.
  let clippedActions: Int
}

/// The one place where an agent meets its training environment: act, step, observe, improve, with the episode's
/// bookkeeping.
struct Interaction {
  private let random: RandomStream
  /// Whether the agent writes tables of its own.
  private let tabulates: Bool
  private(set) var environment: any Environment
  var agent: any Agent
  /// Environment steps taken.
  private(set) var steps = 0
  /// Index of the current episode, or of the next one between two episodes.
  private(set) var episode = 0
  var timings = RunTimings()

  private var isUnderWay = false
  /// Sum of the episode's rewards.
  private var total = 0.0
  private var length = 0
  private var clippedActions = 0
  /// Bounds of actions that are reals; empty where they are choices.
  private let low: [Float]
  private let high: [Float]
  private var observation: [Float]
  private var next: [Float]
  private var action: [Float]

  /// Nothing done yet. Episodes draw from streams of their own, numbered below `random`.
  init(agent: any Agent, environment: any Environment, random: RandomStream) {
    self.random = random
    self.environment = environment
    self.agent = agent
    tabulates = agent is any TabulatingAgent
    if case .box(let low, let high) = environment.spec.action {
      (self.low, self.high) = (low, high)
    } else {
      (low, high) = ([], [])
    }
    observation = Array(repeating: 0, count: environment.spec.observationSize)
    next = observation
    action = Array(repeating: 0, count: environment.spec.action.size)
  }

  /// Takes one step, starting an episode first where none is under way; returns the episode if it ended.
  ///
  /// - Throws: `NumericalFailure` when the agent or the environment gave a number that is not finite, and whatever the
  ///   environment throws.
  mutating func step(metrics: inout MetricRow) throws -> CompletedEpisode? {
    if !isUnderWay { try startEpisode() }
    let before = agent.phases
    let start = ContinuousClock.now
    try agent.act(on: observation, for: .collect, action: &action)
    let acted = ContinuousClock.now
    if let wrong = action.first(where: { !$0.isFinite }) { throw NumericalFailure(metric: "action", value: wrong) }
    for index in low.indices where action[index] < low[index] || action[index] > high[index] { clippedActions += 1 }
    let outcome = try environment.step(action, observation: &next)
    let stepped = ContinuousClock.now
    steps += 1
    guard outcome.reward.isFinite else { throw NumericalFailure(metric: "reward", value: outcome.reward) }
    if let wrong = next.first(where: { !$0.isFinite }) { throw NumericalFailure(metric: "observation", value: wrong) }
    let planned = agent.phases.planning - before.planning
    agent.observe(observation, action, outcome, next: next)
    try agent.improve(metrics: &metrics)
    if let failure = metrics.nonFinite { throw failure }

    let after = agent.phases
    timings.acting += max(0, seconds(from: start, to: acted) - planned)
    timings.stepping += seconds(from: acted, to: stepped)
    timings.planning += after.planning - before.planning
    timings.fitting += after.fitting - before.fitting
    timings.learning += after.learning - before.learning

    swap(&observation, &next)
    length += 1
    total += Double(outcome.reward)
    guard outcome.ending != .none else { return nil }
    defer {
      isUnderWay = false
      episode += 1
    }
    return CompletedEpisode(
      index: episode, total: total, length: length, ending: outcome.ending, clippedActions: clippedActions)
  }

  /// The rows of the agent's own tables since the last call.
  mutating func takeRows() -> [(table: Int, fields: [AgentField])] {
    guard tabulates, var tabulating = agent as? any TabulatingAgent, tabulating.hasRows else { return [] }
    let rows = tabulating.takeRows()
    agent = tabulating
    return rows
  }

  private mutating func startEpisode() throws {
    var start = random.child("environment").child(episode)
    try environment.reset(using: &start, observation: &observation)
    agent.startEpisode(for: .collect, using: random.child("collection").child(episode))
    total = 0
    length = 0
    clippedActions = 0
    isUnderWay = true
  }
}

extension Interaction {
  /// Gets ready for `save`; false where the episode under way would be lost.
  mutating func prepareToSave() throws -> Bool { try environment.prepareToSave() || !isUnderWay }
}

extension Interaction: Checkpointable {
  func save(to writer: inout StateWriter) {
    writer.write("counters", [steps, episode, length, isUnderWay ? 1 : 0, clippedActions])
    writer.write("return", total)
    writer.write("observation", observation)
    writer.write("timings", timings)
    writer.scope("environment") { environment.save(to: &$0) }
    writer.scope("agent") { agent.save(to: &$0) }
  }

  mutating func restore(from reader: StateReader) throws(ArchiveError) {
    let counters = try reader.integers("counters")
    guard counters.count == 5 else {
      throw .mismatch(name: "counters", expected: "5 integers", found: "\(counters.count)")
    }
    (steps, episode, length, isUnderWay) = (counters[0], counters[1], counters[2], counters[3] != 0)
    clippedActions = counters[4]
    total = try reader.value("return")
    observation = try reader.read("observation", shape: [observation.count])
    try timings.restore(from: reader.scope("timings"))
    try environment.restore(from: reader.scope("environment"))
    try agent.restore(from: reader.scope("agent"))
  }
}
