public import Archive
public import Configuration
public import Interfaces
public import Kernels

/// N Gymnasium environments of one kind, shared out among one or several Python processes that step them at the same time.
///
/// Copy i starts its episode e with the seed that `GymnasiumEnvironment` draws from the same stream, so that results do not
/// depend on the number of processes.
public final class GymnasiumVector: VectorEnvironment {
  public let spec: EnvironmentSpec
  public let count: Int
  private let task: GymnasiumTask
  /// Copies in each worker but the last, which may have fewer.
  private let share: Int
  /// One for each worker; workers are not shared with others.
  private var groups: [EnvironmentGroup]
  private let observationRows: UnsafeMutablePointer<Float>
  private let finalRows: UnsafeMutablePointer<Float>
  private let rewardBuffer: UnsafeMutablePointer<Float>
  private let endingBuffer: UnsafeMutablePointer<Ending>
  /// Stream of each copy; episodes are numbered below it.
  private var streams: [RandomStream]
  /// Index of the episode under way in each copy.
  private var episodes: [Int]
  private var isRunning = false
  /// States of the groups as `prepareToSave` has fetched them; nil once the groups have gone on.
  private var fetched: [[UInt8]]?
  /// States to go on from once the environments are stepped. Not before: whoever only measures must not unpickle them.
  private var pending: [[UInt8]]?

  /// Starts as many processes as the task's settings say, at most one a copy, and makes `count` environments in them.
  ///
  /// - Throws: `ConfigurationError` with Gymnasium's own words when they cannot be made, or their spaces cannot be used.
  public init(_ task: GymnasiumTask, count: Int) throws(ConfigurationError) {
    let workers = task.workers
    precondition(count > 0, "\(count) copies")
    self.task = task
    self.count = count
    share = (count + workers - 1) / workers
    do {
      groups = try stride(from: 0, to: count, by: share).map { [share] first throws(GymnasiumError) in
        try Self.makeGroup(task, first: first, share: share, count: count)
      }
    } catch {
      throw ConfigurationError(kind: .relation, problem: "\(error)")
    }
    spec = groups[0].spec
    do {
      for group in groups { try group.check(against: spec) }
    } catch {
      throw ConfigurationError(kind: .relation, problem: "\(error)")
    }
    streams = Array(repeating: RandomStream(seed: 0), count: count)
    episodes = Array(repeating: 0, count: count)
    observationRows = .allocate(capacity: count * spec.observationSize)
    observationRows.initialize(repeating: 0, count: count * spec.observationSize)
    finalRows = .allocate(capacity: count * spec.observationSize)
    finalRows.initialize(repeating: 0, count: count * spec.observationSize)
    rewardBuffer = .allocate(capacity: count)
    rewardBuffer.initialize(repeating: 0, count: count)
    endingBuffer = .allocate(capacity: count)
    endingBuffer.initialize(repeating: .none, count: count)
  }

  deinit {
    observationRows.deallocate()
    finalRows.deallocate()
    rewardBuffer.deallocate()
    endingBuffer.deallocate()
  }

  /// The copies from `first` on that one worker has.
  private static func makeGroup(
    _ task: GymnasiumTask, first: Int, share: Int, count: Int
  ) throws(GymnasiumError) -> EnvironmentGroup {
    try EnvironmentGroup(of: min(share, count - first), in: PythonWorker(for: task), renews: true)
  }

  public var observations: UnsafePointer<Float> { UnsafePointer(observationRows) }
  public var rewards: UnsafePointer<Float> { UnsafePointer(rewardBuffer) }
  public var endings: UnsafePointer<Ending> { UnsafePointer(endingBuffer) }
  public var finalObservations: UnsafePointer<Float> { UnsafePointer(finalRows) }

  public func reset(using random: RandomStream) throws {
    isRunning = false
    (fetched, pending) = (nil, nil)
    for index in groups.indices where !groups[index].worker.isAlive {
      groups[index] = try Self.makeGroup(task, first: index * share, share: share, count: count)
      try groups[index].check(against: spec)
    }
    for copy in 0..<count {
      streams[copy] = random.child(copy)
      episodes[copy] = 0
      setSeed(copy, episode: 0)
      rewardBuffer[copy] = 0
      endingBuffer[copy] = .none
    }
    try run(.reset)
    for copy in 0..<count {
      try place(copy) { group, index throws(GymnasiumError) in
        try group.copyObservation(index, to: observationRows + copy * spec.observationSize)
      }
      setSeed(copy, episode: 1)
    }
    isRunning = true
  }

  public func step(_ actions: UnsafePointer<Float>) throws {
    precondition(isRunning, "a step before the first reset, or after an error")
    try ObjectiveFailures.throwNext(of: task)
    let (size, width) = (spec.observationSize, spec.action.size)
    for copy in 0..<count { try spec.action.check(actions + copy * width, of: task.name) }
    isRunning = false
    fetched = nil
    if let states = pending {
      for (group, state) in zip(groups, states) { try group.restore(state) }
      pending = nil
    }
    for copy in 0..<count { place(copy) { group, index in group.setAction(index, actions + copy * width) } }
    try run(.step)
    for copy in 0..<count {
      try place(copy) { group, index throws(GymnasiumError) in
        let outcome = try group.outcome(index)
        rewardBuffer[copy] = outcome.reward
        endingBuffer[copy] = outcome.ending
        if outcome.ending != .none { try group.copyFinal(index, to: finalRows + copy * size) }
        try group.copyObservation(index, to: observationRows + copy * size)
      }
      if endingBuffer[copy] != .none {
        episodes[copy] += 1
        setSeed(copy, episode: episodes[copy] + 1)
      }
    }
    isRunning = true
  }

  /// Hands `body` the group and the place in it of a copy.
  private func place<Failure: Error>(
    _ copy: Int, _ body: (EnvironmentGroup, Int) throws(Failure) -> Void
  ) throws(Failure) {
    try body(groups[copy / share], copy % share)
  }

  /// Sets the seed that a copy is reset with next, which starts the given episode.
  private func setSeed(_ copy: Int, episode: Int) {
    var start = streams[copy].child(episode)
    place(copy) { group, index in group.setSeed(index, using: &start) }
  }

  /// Has all workers do the same, at the same time. Throws the error of the first that fails, when all are done.
  private func run(_ kind: PythonWorker.Kind) throws(GymnasiumError) {
    let deadline = groups[0].stepDeadline(kind.activity)
    var failure: GymnasiumError?
    var begun = 0
    for group in groups {
      do {
        try group.begin(kind, deadline)
        begun += 1
      } catch {
        failure = error
        break
      }
    }
    for group in groups[..<begun].reversed() {
      do { try group.complete(deadline) } catch { failure = error }
    }
    if let failure { throw failure }
  }
}

extension GymnasiumVector {
  /// Fetches the state of every copy; false where Python cannot save it.
  public func prepareToSave() throws -> Bool {
    guard fetched == nil, pending == nil, isRunning else { return true }
    var states: [[UInt8]] = []
    for group in groups {
      guard let state = try group.save() else { return false }
      states.append(state)
    }
    fetched = states
    return true
  }

  /// Writes the states that `prepareToSave` has fetched. Without them the episodes under way are lost, and a reset must
  /// follow.
  public func save(to writer: inout StateWriter) {
    let states = pending ?? fetched
    writer.write("is_running", isRunning && states != nil)
    guard isRunning, let states else { return }
    for (index, stream) in streams.enumerated() { writer.write("stream_\(index)", stream) }
    writer.write("episodes", episodes)
    writer.write(
      "observations", shape: [count, spec.observationSize],
      UnsafeBufferPointer(start: observations, count: count * spec.observationSize))
    for (index, state) in states.enumerated() { writer.write("pickle_\(index)", state) }
  }

  public func restore(from reader: StateReader) throws(ArchiveError) {
    isRunning = false
    (fetched, pending) = (nil, nil)
    guard try reader.bool("is_running") else { return }
    let episodes = try reader.counts("episodes")
    guard episodes.count == count, reader.has("pickle_\(groups.count - 1)"), !reader.has("pickle_\(groups.count)")
    else {
      throw .mismatch(
        name: "episodes", expected: "\(count) copies in \(groups.count) workers", found: "\(episodes.count) copies")
    }
    self.episodes = episodes
    try reader.read(
      "observations", shape: [count, spec.observationSize],
      into: UnsafeMutableBufferPointer(start: observationRows, count: count * spec.observationSize))
    for copy in 0..<count {
      streams[copy] = try reader.stream("stream_\(copy)")
      setSeed(copy, episode: episodes[copy] + 1)
    }
    pending = try groups.indices.map { index throws(ArchiveError) -> [UInt8] in try reader.read("pickle_\(index)") }
    isRunning = true
  }
}
