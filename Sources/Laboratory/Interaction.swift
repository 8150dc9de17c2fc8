internal import Archive
internal import Interfaces
internal import Kernels

/// A training episode that has just ended.
struct CompletedEpisode {
  /// Its number among the episodes of all copies, in the order of their ends; at the same step, in that of the copies.
  let index: Int
  let total: Double
  /// Steps of the task's simulator.
  let length: Int
  let ending: Ending
  /// Components of its actions that lay beyond the bounds, which environments clip.
  let clippedActions: Int
}

/// The one place where an agent meets its training environment, of which there are N copies: act, step, observe,
/// improve, with the episodes' bookkeeping.
struct Interaction {
  private let random: RandomStream
  private(set) var environment: any VectorEnvironment
  var agent: any Agent
  /// Environment steps taken, over all copies: those of the task's own simulator. Gradient steps of an agent that learns
  /// offline, which takes no others.
  private(set) var steps = 0
  /// Actions chosen, over all copies: as many, unless wrappers repeat them. Agents count these.
  private(set) var decisions = 0
  /// Environment steps of the last step.
  private var newSteps = 0
  /// Episodes that the last step ended.
  private(set) var completed: [CompletedEpisode] = []
  var timings = RunTimings()

  private var copies: [CopyPlace]
  private var round: CopySteps
  /// Bounds of actions that are reals; empty where they are choices.
  private let low: [Float]
  private let high: [Float]

  /// Where a copy stands.
  private struct CopyPlace {
    /// Index of the episode under way, or of the next one between two episodes, among the copy's own.
    var episode = 0
    var isUnderWay = false
    /// Sum of the episode's rewards.
    var total = 0.0
    /// Decisions in the episode.
    var length = 0
    /// Steps of the simulator in the episode.
    var simulatorSteps = 0
    var clippedActions = 0
  }

  /// Nothing done yet. Episodes draw from streams of their own, numbered below `random`, of several copies by the copy
  /// first.
  init(agent: any Agent, environment: any VectorEnvironment, random: RandomStream) {
    self.random = random
    self.environment = environment
    self.agent = agent
    if case .box(let low, let high) = environment.spec.action {
      (self.low, self.high) = (low, high)
    } else {
      (low, high) = ([], [])
    }
    copies = Array(repeating: CopyPlace(), count: environment.count)
    round = CopySteps(count: environment.count, spec: environment.spec)
    completed.reserveCapacity(environment.count)
  }

  /// Number of copies, N: a step is N decisions.
  var count: Int { copies.count }

  /// The environment steps of the last step; none before the first.
  var lastSteps: StepSpan { StepSpan(before: steps - newSteps, after: steps) }

  /// Episodes that have ended.
  private var endedEpisodes: Int { copies.reduce(0) { $0 + $1.episode } }

  /// Takes one step in every copy, starting an episode first where none is under way, and notes in `completed` which
  /// ended.
  ///
  /// - Throws: `NumericalFailure` when the agent or the environment gave a number that is not finite, and whatever the
  ///   environment throws.
  mutating func step(metrics: inout MetricRow) throws {
    completed.removeAll(keepingCapacity: true)
    let before = agent.phases
    if agent.isOffline { return try learn(since: before, metrics: &metrics) }
    try startEpisodes()
    let start = ContinuousClock.now
    try agent.act(on: &round, for: .collect)
    let acted = ContinuousClock.now
    try checkActions()
    try withExtendedLifetime(round.actions) { try environment.step($0.pointer) }
    let stepped = ContinuousClock.now
    newSteps = (0..<count).reduce(0) { $0 + environment.simulatorSteps(of: $1) }
    steps += newSteps
    decisions += count
    try takeOutcomes()
    let planned = agent.phases.planning - before.planning
    agent.observe(round)
    try agent.improve(metrics: &metrics)
    if let failure = metrics.nonFinite { throw failure }

    timings.acting += max(0, seconds(from: start, to: acted) - planned)
    timings.stepping += seconds(from: acted, to: stepped)
    addPhases(since: before)
    account()
  }

  /// Takes one gradient step of an agent that learns offline: the environment stays as it is.
  private mutating func learn(since before: PhaseSeconds, metrics: inout MetricRow) throws {
    newSteps = 1
    steps += 1
    try agent.improve(metrics: &metrics)
    if let failure = metrics.nonFinite { throw failure }
    addPhases(since: before)
  }

  private mutating func addPhases(since before: PhaseSeconds) {
    let after = agent.phases
    timings.planning += after.planning - before.planning
    timings.fitting += after.fitting - before.fitting
    timings.learning += after.learning - before.learning
  }

  /// Counts components beyond the bounds, and throws for those that are not finite.
  private mutating func checkActions() throws(NumericalFailure) {
    let (actions, size) = (round.actions.pointer, round.actions.columns)
    for copy in 0..<count {
      let action = actions + copy * size
      for index in 0..<size where !action[index].isFinite {
        throw NumericalFailure(metric: "action", value: action[index])
      }
      for index in low.indices where action[index] < low[index] || action[index] > high[index] {
        copies[copy].clippedActions += 1
      }
    }
  }

  /// Takes over what the environment's step gave; throws where that is not finite.
  private mutating func takeOutcomes() throws(NumericalFailure) {
    let (rewards, endings) = (environment.rewards, environment.endings)
    for copy in 0..<count where !rewards[copy].isFinite {
      throw NumericalFailure(metric: "reward", value: rewards[copy])
    }
    round.rewards.mutablePointer.update(from: rewards, count: count)
    let (next, size) = (round.next.mutablePointer, round.next.columns)
    for copy in 0..<count {
      round.endings[copy] = endings[copy]
      let rows = endings[copy] == .none ? environment.observations : environment.finalObservations
      (next + copy * size).update(from: rows + copy * size, count: size)
    }
    for index in 0..<count * size where !next[index].isFinite {
      throw NumericalFailure(metric: "observation", value: next[index])
    }
  }

  /// The episodes' bookkeeping.
  private mutating func account() {
    for copy in 0..<count {
      copies[copy].length += 1
      copies[copy].simulatorSteps += environment.simulatorSteps(of: copy)
      copies[copy].total += Double(environment.taskReward(of: copy))
      guard round.endings[copy] != .none else { continue }
      let place = copies[copy]
      completed.append(
        CompletedEpisode(
          index: endedEpisodes, total: place.total, length: place.simulatorSteps, ending: round.endings[copy],
          clippedActions: place.clippedActions))
      copies[copy].isUnderWay = false
      copies[copy].episode += 1
    }
  }

  private mutating func startEpisodes() throws {
    if decisions == 0 {
      try environment.reset(using: random.child("environment"))
    } else {
      try environment.startEpisodes()
    }
    for copy in 0..<count where !copies[copy].isUnderWay {
      let place = copies[copy]
      var stream = random.child("collection")
      if count > 1 { stream = stream.child(copy) }
      agent.startEpisode(of: copy, for: .collect, using: stream.child(place.episode))
      copies[copy] = CopyPlace(episode: place.episode, isUnderWay: true)
    }
    round.observations.mutablePointer.update(from: environment.observations, count: round.observations.count)
    for copy in 0..<count { round.times[copy] = copies[copy].length }
  }
}

extension Interaction {
  /// Gets ready for `save`; false where episodes under way would be lost.
  mutating func prepareToSave() throws -> Bool { try environment.prepareToSave() }
}

extension Interaction: Checkpointable {
  func save(to writer: inout StateWriter) {
    writer.write(
      "counters",
      [decisions] + copies.flatMap { [$0.episode, $0.length, $0.isUnderWay ? 1 : 0, $0.clippedActions] })
    if steps != decisions { writer.write("simulator_steps", [steps, newSteps] + copies.map(\.simulatorSteps)) }
    if count == 1 { writer.write("return", copies[0].total) } else { writer.write("returns", copies.map(\.total)) }
    writer.write(
      "observation",
      shape: count == 1 ? [environment.spec.observationSize] : [count, environment.spec.observationSize],
      UnsafeBufferPointer(start: environment.observations, count: round.observations.count))
    writer.write("timings", timings)
    writer.scope("environment") { environment.save(to: &$0) }
    writer.scope("agent") { agent.save(to: &$0) }
  }

  mutating func restore(from reader: StateReader) throws(ArchiveError) {
    let counters = try reader.counts("counters")
    guard counters.count == 1 + 4 * count else {
      throw .mismatch(name: "counters", expected: "\(1 + 4 * count) integers", found: "\(counters.count)")
    }
    decisions = counters[0]
    (steps, newSteps) = (decisions, min(count, decisions))
    let simulated = reader.has("simulator_steps") ? try reader.integers("simulator_steps") : nil
    if let simulated {
      guard simulated.count == 2 + count else {
        throw .mismatch(name: "simulator_steps", expected: "\(2 + count) integers", found: "\(simulated.count)")
      }
      (steps, newSteps) = (simulated[0], simulated[1])
    }
    let totals: [Double] =
      count == 1 ? [try reader.value("return")] : try reader.read("returns", shape: [count])
    for copy in 0..<count {
      let first = 1 + 4 * copy
      copies[copy] = CopyPlace(
        episode: counters[first], isUnderWay: counters[first + 2] != 0, total: totals[copy],
        length: counters[first + 1], simulatorSteps: simulated?[2 + copy] ?? counters[first + 1],
        clippedActions: counters[first + 3])
    }
    let size = environment.spec.observationSize
    let seen: [Float] = try reader.read("observation", shape: count == 1 ? [size] : [count, size])
    // agents and models rely on it
    for copy in 0..<count where environment.spec.isOneHot && copies[copy].isUnderWay {
      guard OneHot.index(of: Array(seen[copy * size..<(copy + 1) * size])) != nil else {
        throw .mismatch(name: "observation", expected: "one-hot vectors", found: "others")
      }
    }
    try timings.restore(from: reader.scope("timings"))
    try environment.restore(from: reader.scope("environment"))
    environment.resume(
      using: random.child("environment"), episodes: copies.map(\.episode), isUnderWay: copies.map(\.isUnderWay),
      observations: Matrix(rows: count, columns: size, seen))
    try agent.restore(from: reader.scope("agent"))
  }
}
