public import Archive
public import Interfaces
public import Kernels

/// N copies of an environment in this process, stepped on all threads of `WorkerPool`.
///
/// Each copy has its own random stream and its own place in the buffers, so that results do not depend on the number of
/// threads, nor on how the copies are shared among them. A step costs one wake-up of the threads besides the steps of the
/// copies.
public final class EnvironmentCopies<Base: Environment>: VectorEnvironment {
  public let spec: EnvironmentSpec
  public let count: Int
  private let environments: UnsafeMutablePointer<Base>
  private let slots: UnsafeMutablePointer<CopySlot>
  private let observationRows: UnsafeMutablePointer<Float>
  private let finalRows: UnsafeMutablePointer<Float>
  private let rewardBuffer: UnsafeMutablePointer<Float>
  private let endingBuffer: UnsafeMutablePointer<Ending>
  private let taskRewards: UnsafeMutablePointer<Float>
  private let simulatorSteps: UnsafeMutablePointer<Int>
  /// Error of each copy in the step under way.
  private let failures: UnsafeMutablePointer<(any Error)?>
  private var random = RandomStream(seed: 0)
  private var isRunning = false

  /// `count` environments as `make` returns them, all alike; they are numbered as they are made.
  public init<Failure: Error>(count: Int, _ make: () throws(Failure) -> Base) throws(Failure) {
    precondition(count > 0, "\(count) copies")
    var made: [Base] = []
    for _ in 0..<count { made.append(try make()) }
    spec = made[0].spec
    self.count = count
    environments = .allocate(capacity: count)
    for (index, environment) in made.enumerated() { (environments + index).initialize(to: environment) }
    slots = .allocate(capacity: count)
    for index in 0..<count { (slots + index).initialize(to: CopySlot(spec)) }
    observationRows = .allocate(capacity: count * spec.observationSize)
    observationRows.initialize(repeating: 0, count: count * spec.observationSize)
    finalRows = .allocate(capacity: count * spec.observationSize)
    finalRows.initialize(repeating: 0, count: count * spec.observationSize)
    rewardBuffer = .allocate(capacity: count)
    rewardBuffer.initialize(repeating: 0, count: count)
    endingBuffer = .allocate(capacity: count)
    endingBuffer.initialize(repeating: .none, count: count)
    taskRewards = .allocate(capacity: count)
    taskRewards.initialize(repeating: 0, count: count)
    simulatorSteps = .allocate(capacity: count)
    simulatorSteps.initialize(repeating: 1, count: count)
    failures = .allocate(capacity: count)
    failures.initialize(repeating: nil, count: count)
  }

  deinit {
    environments.deinitialize(count: count)
    slots.deinitialize(count: count)
    failures.deinitialize(count: count)
    environments.deallocate()
    slots.deallocate()
    observationRows.deallocate()
    finalRows.deallocate()
    rewardBuffer.deallocate()
    endingBuffer.deallocate()
    failures.deallocate()
    taskRewards.deallocate()
    simulatorSteps.deallocate()
  }

  public var observations: UnsafePointer<Float> { UnsafePointer(observationRows) }
  public var rewards: UnsafePointer<Float> { UnsafePointer(rewardBuffer) }
  public var endings: UnsafePointer<Ending> { UnsafePointer(endingBuffer) }
  public var finalObservations: UnsafePointer<Float> { UnsafePointer(finalRows) }
  public func simulatorSteps(of index: Int) -> Int { simulatorSteps[index] }
  public func taskReward(of index: Int) -> Float { taskRewards[index] }

  public func reset(using random: RandomStream) throws {
    self.random = random
    for index in 0..<count {
      slots[index].random = random.child(index)
      slots[index].episode = 0
      endingBuffer[index] = .none
      rewardBuffer[index] = 0
    }
    try run(nil)
    isRunning = true
  }

  public func step(_ actions: UnsafePointer<Float>) throws {
    precondition(isRunning, "a step before the first reset, or after an error")
    isRunning = false
    try run(actions)
    isRunning = true
  }

  /// Steps all copies or, without actions, starts an episode in each.
  private func run(_ actions: UnsafePointer<Float>?) throws {
    // a few shards a thread even out what they take
    let shards = min(count, 4 * WorkerPool.threads)
    WorkerPool.run(shards: shards, Pass(owner: self, actions: actions, shards: shards))
    for index in 0..<count {
      if let failure = failures[index] {
        failures.update(repeating: nil, count: count)
        throw failure
      }
    }
  }

  private struct Pass: ShardedWork {
    unowned let owner: EnvironmentCopies
    let actions: UnsafePointer<Float>?
    let shards: Int

    func run(shard: Int, worker: Int) {
      let (count, size) = (owner.count, owner.slots[0].action.count)
      for index in shard * count / shards..<(shard + 1) * count / shards {
        do {
          if let actions {
            try owner.step(index, actions + index * size)
          } else {
            try owner.startEpisode(index)
          }
        } catch {
          owner.failures[index] = error
        }
      }
    }
  }

  private func step(_ index: Int, _ action: UnsafePointer<Float>) throws {
    let slot = slots + index
    slot.pointee.setAction(action)
    let outcome = try environments[index].step(slot.pointee.action, observation: &slot.pointee.observation)
    rewardBuffer[index] = outcome.reward
    taskRewards[index] = outcome.taskReward
    endingBuffer[index] = outcome.ending
    simulatorSteps[index] = outcome.simulatorSteps
    guard outcome.ending != .none else { return slot.pointee.show(at: index, in: observationRows) }
    slot.pointee.show(at: index, in: finalRows)
    slot.pointee.episode += 1
    try startEpisode(index)
  }

  private func startEpisode(_ index: Int) throws {
    let slot = slots + index
    var start = slot.pointee.random.child(slot.pointee.episode)
    try environments[index].reset(using: &start, observation: &slot.pointee.observation)
    slot.pointee.show(at: index, in: observationRows)
  }
}

/// What a copy needs besides its environment.
private struct CopySlot {
  var observation: [Float]
  var action: [Float]
  /// Index of the episode under way.
  var episode = 0
  /// The copy's own stream; episodes are numbered below it.
  var random = RandomStream(seed: 0)

  init(_ spec: EnvironmentSpec) {
    observation = Array(repeating: 0, count: spec.observationSize)
    action = Array(repeating: 0, count: spec.action.size)
  }

  mutating func setAction(_ source: UnsafePointer<Float>) {
    for component in action.indices { action[component] = source[component] }
  }

  /// Copies the observation to row `index` of a matrix.
  func show(at index: Int, in rows: UnsafeMutablePointer<Float>) {
    let row = rows + index * observation.count
    for component in observation.indices { row[component] = observation[component] }
  }
}

extension EnvironmentCopies: Checkpointable {
  public func prepareToSave() throws -> Bool {
    var isReady = true
    for index in 0..<count where try !environments[index].prepareToSave() { isReady = false }
    return isReady
  }

  public func save(to writer: inout StateWriter) {
    writer.write("random", random)
    writer.write("is_running", isRunning)
    writer.write("episodes", (0..<count).map { slots[$0].episode })
    writer.write(
      "observations", shape: [count, spec.observationSize],
      UnsafeBufferPointer(start: observations, count: count * spec.observationSize))
    for index in 0..<count { writer.write("copy_\(index)", environments[index]) }
  }

  public func restore(from reader: StateReader) throws(ArchiveError) {
    random = try reader.stream("random")
    isRunning = try reader.bool("is_running")
    let episodes = try reader.counts("episodes")
    guard episodes.count == count else {
      throw .mismatch(name: "episodes", expected: "\(count) copies", found: "\(episodes.count)")
    }
    try reader.read(
      "observations", shape: [count, spec.observationSize],
      into: UnsafeMutableBufferPointer(start: observationRows, count: count * spec.observationSize))
    for index in 0..<count {
      slots[index].random = random.child(index)
      slots[index].episode = episodes[index]
      try reader.read("copy_\(index)", into: &environments[index])
    }
  }
}
