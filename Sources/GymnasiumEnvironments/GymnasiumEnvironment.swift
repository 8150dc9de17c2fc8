public import Archive
public import Configuration
public import Interfaces
public import Kernels

/// One Gymnasium environment, stepped in a Python process.
///
/// Observations are those of Gymnasium: boxes as they are, in row-major order; images of bytes as floats from 0 to 255,
/// channels innermost; whatever else `gymnasium.spaces.flatten` makes a vector of, with choices as one-hot vectors. Each
/// episode's seed is drawn from the stream that `reset` is given.
///
/// A value: copies become environments of their own when they are used. The state of an environment is what Python can
/// pickle of it, which the worker tries out; where that fails, states are saved between episodes only.
public struct GymnasiumEnvironment: Environment {
  public let spec: EnvironmentSpec
  /// Rewards and terminations of imagined steps where the environment tells them by functions; nil otherwise.
  public let objective: PythonObjective?
  public let observationNames: [String]
  public let provenance: [(name: String, value: String)]
  private let task: GymnasiumTask
  /// The environment in its worker; nil before it is used.
  private var group: EnvironmentGroup?
  private var isRunning = false
  /// Whether the environment is made to be drawn.
  private var isShown = false
  /// State to go on from once the environment is stepped again, and not unpickled before.
  private var pending: [UInt8]?
  /// State of the group as `prepareToSave` has fetched it; nil once the group has gone on.
  private var fetched: [UInt8]?

  /// Starts the worker and makes the environment, which is not reset yet.
  ///
  /// - Throws: `ConfigurationError` with Gymnasium's own words when it cannot be made, or when its spaces cannot be used.
  public init(_ task: GymnasiumTask) throws(ConfigurationError) {
    self.task = task
    do {
      let description = try SharedWorkers.description(of: task)
      spec = description.spec
      objective = PythonObjective(task, description)
      observationNames = description.observation.names
      provenance = description.provenance.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
    } catch {
      throw ConfigurationError(kind: .relation, problem: "\(error)")
    }
  }

  public mutating func reset(using random: inout RandomStream, observation: inout [Float]) throws {
    let group = try ownGroup(keepingEpisode: false)
    isRunning = false
    group.setSeed(0, using: &random)
    try group.reset()
    try show(group, in: &observation)
    isRunning = true
  }

  public mutating func step(_ action: [Float], observation: inout [Float]) throws -> StepOutcome {
    guard isRunning else { throw EnvironmentError.outsideEpisode(environment: task.name) }
    try ObjectiveFailures.throwNext(of: task)
    try spec.action.check(action, of: task.name)
    let group = try ownGroup(keepingEpisode: true)
    action.withUnsafeBufferPointer { action in
      if let action = action.baseAddress { group.setAction(0, action) }
    }
    isRunning = false
    try group.step()
    let outcome = try group.outcome(0)
    try show(group, in: &observation)
    isRunning = outcome.ending == .none
    return outcome
  }

  private func show(_ group: EnvironmentGroup, in observation: inout [Float]) throws(GymnasiumError) {
    precondition(
      observation.count == spec.observationSize,
      "\(task.name) observes \(spec.observationSize) floats, not \(observation.count)")
    try observation.withUnsafeMutableBufferPointer { buffer throws(GymnasiumError) in
      if let target = buffer.baseAddress { try group.copyObservation(0, to: target) }
    }
  }

  /// The environment in a worker that this value alone uses, in this value's state, about to change.
  private mutating func ownGroup(keepingEpisode: Bool) throws(GymnasiumError) -> EnvironmentGroup {
    fetched = nil
    // an episode whose process is gone cannot go on, but the next one can start in a new process
    if !keepingEpisode, let lost = group, !lost.worker.isAlive { group = nil }
    if !isKnownUniquelyReferenced(&group) {
      if let shared = group, pending == nil {
        pending = try shared.save()
        if pending == nil && keepingEpisode {
          throw .cannotCopy(environment: task.name, reason: shared.whyUnsaved ?? "unknown")
        }
      }
      let made =
        isShown
        ? try EnvironmentGroup(of: 1, in: PythonWorker(for: task), renews: false, renders: true)
        : try SharedWorkers.makeEnvironment(task)
      try made.check(against: spec)
      group = made
    }
    guard let group else { preconditionFailure("a group has just been made") }
    if let state = pending {
      try group.restore(state)
      pending = nil
    }
    return group
  }
}

extension GymnasiumEnvironment: GoalTask {
  /// The parts `achieved_goal` and `desired_goal` of a `Dict`; nil where there are none of one size.
  public var goalLayout: GoalLayout? {
    func place(_ key: String) -> Range<Int>? {
      let found = observationNames.indices.filter {
        observationNames[$0] == key || observationNames[$0].hasPrefix(key + "[")
      }
      guard let first = found.first, let last = found.last, found.count == last - first + 1 else { return nil }
      return first..<last + 1
    }
    guard let achieved = place("achieved_goal"), let desired = place("desired_goal"), achieved.count == desired.count
    else { return nil }
    return GoalLayout(achieved: achieved, desired: desired)
  }
}

extension GymnasiumEnvironment {
  /// The next episode is one of an environment made with the render mode `rgb_array`, in a process of its own.
  public mutating func beginShowing() {
    guard !isShown else { return }
    isShown = true
    isRunning = false
    (group, pending, fetched) = (nil, nil, nil)
  }

  /// The pixels that Gymnasium draws; nil before `beginShowing` and a reset.
  public mutating func picture() throws -> Picture? {
    guard isShown, let group else { return nil }
    return try group.picture()
  }
}

extension GymnasiumEnvironment: VectorizableEnvironment {
  public func makeVector(count: Int) throws -> any VectorEnvironment { try GymnasiumVector(task, count: count) }
}

extension GymnasiumEnvironment {
  public mutating func prepareToSave() throws -> Bool {
    // Without a group there is what was restored, or nothing to save.
    guard pending == nil, fetched == nil, let group else { return true }
    fetched = try group.save()
    return fetched != nil
  }

  /// Writes the state that `prepareToSave` has fetched. Without one the episode under way is lost.
  public func save(to writer: inout StateWriter) {
    let state = pending ?? fetched
    writer.write("is_running", isRunning && state != nil)
    if let state { writer.write("pickle", state) }
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    isRunning = try reader.bool("is_running")
    pending = reader.has("pickle") ? try reader.read("pickle") : nil
    fetched = nil
    group = nil
  }
}
