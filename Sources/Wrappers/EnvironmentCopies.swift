public import Archive
public import Interfaces
public import Kernels

/// N copies of an environment in this process, stepped on all threads of `WorkerPool`.
///
/// Copies are cut into shards of fixed size, and each has its own random stream and its own place in the buffers, so that
/// results do not depend on the number of threads. A step costs one wake-up of the threads besides the steps of the
/// copies.
public final class EnvironmentCopies<Base: Environment>: VectorEnvironment {
  public let spec: EnvironmentSpec
  public let count: Int
  private let copiesPerShard: Int
  private let copies: UnsafeMutablePointer<Copy>
  private let observationRows: UnsafeMutablePointer<Float>
  private let finalRows: UnsafeMutablePointer<Float>
  private let earned: UnsafeMutablePointer<Float>
  private let ended: UnsafeMutablePointer<Ending>
  /// Error of each shard in the step under way.
  private let failures: UnsafeMutablePointer<(any Error)?>
  private var random = RandomStream(seed: 0)
  private var isRunning = false

  /// One environment with what stepping it needs.
  private struct Copy {
    var environment: Base
    var observation: [Float]
    var action: [Float]
    /// Index of the episode under way.
    var episode = 0
    /// The copy's own stream; episodes are numbered below it.
    var random = RandomStream(seed: 0)
  }

  /// `count` environments as `make` returns them, all alike; they are numbered as they are made.
  ///
  /// - Parameter copiesPerShard: copies that a thread takes at once, of no influence on results; by default such that
  ///   there are at most 32 shards.
  public init<Failure: Error>(
    count: Int, copiesPerShard: Int? = nil, _ make: () throws(Failure) -> Base
  ) throws(Failure) {
    precondition(count > 0 && copiesPerShard ?? 1 > 0, "\(count) copies, \(copiesPerShard ?? 1) a shard")
    var made: [Copy] = []
    for _ in 0..<count {
      let environment = try make()
      let spec = environment.spec
      made.append(
        Copy(
          environment: environment, observation: Array(repeating: 0, count: spec.observationSize),
          action: Array(repeating: 0, count: spec.action.size)))
    }
    spec = made[0].environment.spec
    self.count = count
    self.copiesPerShard = copiesPerShard ?? (count + 31) / 32
    copies = .allocate(capacity: count)
    for (index, copy) in made.enumerated() { (copies + index).initialize(to: copy) }
    observationRows = .allocate(capacity: count * spec.observationSize)
    observationRows.initialize(repeating: 0, count: count * spec.observationSize)
    finalRows = .allocate(capacity: count * spec.observationSize)
    finalRows.initialize(repeating: 0, count: count * spec.observationSize)
    earned = .allocate(capacity: count)
    earned.initialize(repeating: 0, count: count)
    ended = .allocate(capacity: count)
    ended.initialize(repeating: .none, count: count)
    failures = .allocate(capacity: count)
    failures.initialize(repeating: nil, count: count)
  }

  deinit {
    copies.deinitialize(count: count)
    failures.deinitialize(count: count)
    copies.deallocate()
    observationRows.deallocate()
    finalRows.deallocate()
    earned.deallocate()
    ended.deallocate()
    failures.deallocate()
  }

  public var observations: UnsafePointer<Float> { UnsafePointer(observationRows) }
  public var rewards: UnsafePointer<Float> { UnsafePointer(earned) }
  public var endings: UnsafePointer<Ending> { UnsafePointer(ended) }
  public var finalObservations: UnsafePointer<Float> { UnsafePointer(finalRows) }

  public func reset(using random: RandomStream) throws {
    self.random = random
    for index in 0..<count {
      copies[index].random = random.child(index)
      copies[index].episode = 0
      ended[index] = .none
      earned[index] = 0
    }
    try run(Pass(owner: self, actions: nil))
    isRunning = true
  }

  public func step(_ actions: UnsafePointer<Float>) throws {
    precondition(isRunning, "a step before the first reset, or after an error")
    isRunning = false
    try run(Pass(owner: self, actions: actions))
    isRunning = true
  }

  private func run(_ pass: Pass) throws {
    let shards = (count + copiesPerShard - 1) / copiesPerShard
    WorkerPool.run(shards: shards, pass)
    for shard in 0..<shards {
      if let failure = failures[shard] {
        failures.update(repeating: nil, count: shards)
        throw failure
      }
    }
  }

  /// A step of all copies or, without actions, their reset.
  private struct Pass: ShardedWork {
    unowned let owner: EnvironmentCopies
    let actions: UnsafePointer<Float>?

    func run(shard: Int, worker: Int) {
      let first = shard * owner.copiesPerShard
      for index in first..<min(first + owner.copiesPerShard, owner.count) {
        do {
          if let actions {
            try owner.step(index, actions + index * owner.copies[index].action.count)
          } else {
            try owner.startEpisode(index)
          }
        } catch {
          owner.failures[shard] = error
          return
        }
      }
    }
  }

  private func step(_ index: Int, _ action: UnsafePointer<Float>) throws {
    let copy = copies + index
    for component in copy.pointee.action.indices { copy.pointee.action[component] = action[component] }
    let outcome = try copy.pointee.environment.step(copy.pointee.action, observation: &copy.pointee.observation)
    earned[index] = outcome.reward
    ended[index] = outcome.ending
    if outcome.ending == .none {
      show(index, in: observationRows)
    } else {
      show(index, in: finalRows)
      copy.pointee.episode += 1
      try startEpisode(index)
    }
  }

  private func startEpisode(_ index: Int) throws {
    let copy = copies + index
    var start = copy.pointee.random.child(copy.pointee.episode)
    try copy.pointee.environment.reset(using: &start, observation: &copy.pointee.observation)
    show(index, in: observationRows)
  }

  private func show(_ index: Int, in rows: UnsafeMutablePointer<Float>) {
    let size = spec.observationSize
    copies[index].observation.withUnsafeBufferPointer { shown in
      if let source = shown.baseAddress { (rows + index * size).update(from: source, count: size) }
    }
  }
}

extension EnvironmentCopies: Checkpointable {
  public func save(to writer: inout StateWriter) {
    writer.write("random", random)
    writer.write("is_running", isRunning)
    writer.write("episodes", (0..<count).map { copies[$0].episode })
    writer.write(
      "observations", shape: [count, spec.observationSize],
      UnsafeBufferPointer(start: observations, count: count * spec.observationSize))
    for index in 0..<count { writer.write("copy_\(index)", copies[index].environment) }
  }

  public func restore(from reader: StateReader) throws(ArchiveError) {
    random = try reader.stream("random")
    isRunning = try reader.bool("is_running")
    let episodes = try reader.integers("episodes")
    guard episodes.count == count else {
      throw .mismatch(name: "episodes", expected: "\(count) copies", found: "\(episodes.count)")
    }
    try reader.read(
      "observations", shape: [count, spec.observationSize],
      into: UnsafeMutableBufferPointer(start: observationRows, count: count * spec.observationSize))
    for index in 0..<count {
      copies[index].random = random.child(index)
      copies[index].episode = episodes[index]
      try reader.read("copy_\(index)", into: &copies[index].environment)
    }
  }
}
