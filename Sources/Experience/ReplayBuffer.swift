import Archive
import Interfaces
import Kernels

/// Ring of the last `capacity` transitions, structure-of-arrays, preallocated.
///
/// Memory is 4 (2 D + A + 2) bytes a transition, and 8 more where it keeps times. Appending is O(1); sampling and
/// gathering never allocate. Index 0 is the oldest transition held.
public struct ReplayBuffer: TransitionSource, Sendable {
  /// Most transitions held.
  public let capacity: Int
  /// Floats per observation, D.
  public let observationSize: Int
  /// Floats per action, A.
  public let actionSize: Int
  /// Transitions held.
  public internal(set) var count = 0
  /// Transitions appended since the start.
  public internal(set) var appended = 0
  var observations: Vector
  var actions: Vector
  var rewards: Vector
  var nextObservations: Vector
  var continues: Vector
  /// At which time of its episode each transition began; empty where times are not kept.
  var times: [Int]

  /// An empty buffer. With `keepsTimes` it knows at which time of its episode each transition began, as models that
  /// predict by the time need.
  public init(capacity: Int, observationSize: Int, actionSize: Int, keepsTimes: Bool = false) {
    precondition(capacity > 0 && capacity <= Int(Int32.max), "capacity \(capacity)")
    self.capacity = capacity
    self.observationSize = observationSize
    self.actionSize = actionSize
    observations = Vector(count: capacity * observationSize)
    actions = Vector(count: capacity * actionSize)
    rewards = Vector(count: capacity)
    nextObservations = Vector(count: capacity * observationSize)
    continues = Vector(count: capacity)
    times = keepsTimes ? Array(repeating: 0, count: capacity) : []
  }

  /// Whether it knows at which time of its episode each transition began.
  public var keepsTimes: Bool { !times.isEmpty }

  /// Bytes of numeric storage.
  public var byteCount: Int { 4 * capacity * (2 * observationSize + actionSize + 2) + 8 * times.count }

  /// The slot of the oldest transition held.
  var firstSlot: Int { (appended - count) % capacity }

  /// Appends the step from `time` to `time + 1` of an episode, over the oldest one if full.
  public mutating func append(
    _ observation: [Float], _ action: [Float], reward: Float, next: [Float], continues: Bool, time: Int = 0
  ) {
    append(observation, action, reward: reward, next: next, continues: continues ? 1 : 0, time: time)
  }

  /// The same with the factor of the value that follows, besides a step's discount: 0 after a termination, less than 1
  /// where the reward is of several steps.
  public mutating func append(
    _ observation: [Float], _ action: [Float], reward: Float, next: [Float], continues factor: Float, time: Int = 0
  ) {
    precondition(
      observation.count == observationSize && next.count == observationSize && action.count == actionSize,
      "transition of another shape")
    appendRow(observation, action, reward: reward, next: next, continues: factor, time: time)
  }

  /// The same with `observation` and `next` [D] and `action` [A].
  mutating func appendRow(
    _ observation: UnsafePointer<Float>, _ action: UnsafePointer<Float>, reward: Float, next: UnsafePointer<Float>,
    continues factor: Float, time: Int
  ) {
    let slot = appended % capacity
    (observations.mutablePointer + slot * observationSize).update(from: observation, count: observationSize)
    (nextObservations.mutablePointer + slot * observationSize).update(from: next, count: observationSize)
    (actions.mutablePointer + slot * actionSize).update(from: action, count: actionSize)
    rewards.mutablePointer[slot] = reward
    continues.mutablePointer[slot] = factor
    if keepsTimes { times[slot] = time }
    appended += 1
    count = min(count + 1, capacity)
  }

  /// Copies transitions `indices` (0 is the oldest held) into the first rows of `batch`.
  public func gather(_ indices: UnsafeBufferPointer<Int32>, into batch: inout TransitionBatch) {
    gather(indices, into: &batch, from: 0)
  }

  /// The same into the rows from `first` on.
  private func gather(_ indices: UnsafeBufferPointer<Int32>, into batch: inout TransitionBatch, from first: Int) {
    precondition(
      batch.count >= first + indices.count && batch.observations.columns == observationSize
        && batch.actions.columns == actionSize, "batch of another shape")
    let (o, n, a) = (
      batch.observations.mutablePointer, batch.nextObservations.mutablePointer, batch.actions.mutablePointer
    )
    let (r, c) = (batch.rewards.mutablePointer, batch.continues.mutablePointer)
    let start = appended - count
    let gathersTimes = keepsTimes && !batch.times.isEmpty
    for place in indices.indices {
      let (index, row) = (Int(indices[place]), first + place)
      precondition(index >= 0 && index < count, "transition \(index) outside 0..<\(count)")
      let slot = (start + index) % capacity
      (o + row * observationSize).update(from: observations.pointer + slot * observationSize, count: observationSize)
      (n + row * observationSize).update(
        from: nextObservations.pointer + slot * observationSize, count: observationSize)
      (a + row * actionSize).update(from: actions.pointer + slot * actionSize, count: actionSize)
      r[row] = rewards.pointer[slot]
      c[row] = continues.pointer[slot]
      if gathersTimes { batch.times[row] = times[slot] }
    }
  }

  public func time(of index: Int) -> Int {
    precondition(index >= 0 && index < count, "transition \(index) outside 0..<\(count)")
    return keepsTimes ? times[(appended - count + index) % capacity] : 0
  }

  public func firstIndex(ofLast episodes: Int) -> Int {
    guard keepsTimes else { return 0 }
    var (index, left) = (count, episodes)
    while index > 0 && left > 0 {
      index -= 1
      if times[(appended - count + index) % capacity] == 0 { left -= 1 }
    }
    return index
  }

  /// Fills all rows of `batch` with transitions drawn uniformly with replacement. O(batch), no allocation.
  public func sample(into batch: inout TransitionBatch, using random: inout RandomStream) {
    sample(0..<batch.count, of: &batch, using: &random)
  }

  /// The same for some rows of `batch`; the others stay as they are.
  public func sample(_ rows: Range<Int>, of batch: inout TransitionBatch, using random: inout RandomStream) {
    precondition(count > 0 || rows.isEmpty, "sampling from an empty buffer")
    // 1,024 bytes of indices at a time: a larger temporary would be on the heap.
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: 256) { indices in
      guard let base = indices.baseAddress else { return }
      for first in stride(from: rows.lowerBound, to: rows.upperBound, by: indices.count) {
        let size = min(indices.count, rows.upperBound - first)
        random.fillIndices(base, count: size, below: count)
        gather(UnsafeBufferPointer(start: base, count: size), into: &batch, from: first)
      }
    }
  }
}

extension ReplayBuffer: Checkpointable {
  public func save(to writer: inout StateWriter) {
    writer.write("appended", appended)
    writer.write("count", count)
    func part(_ name: String, _ vector: Vector, _ width: Int) {
      writer.write(name, shape: [count, width], UnsafeBufferPointer(start: vector.pointer, count: count * width))
    }
    part("observations", observations, observationSize)
    part("actions", actions, actionSize)
    part("rewards", rewards, 1)
    part("next_observations", nextObservations, observationSize)
    part("continues", continues, 1)
    if keepsTimes { writer.write("times", Array(times.prefix(count))) }
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    appended = try reader.integer("appended")
    count = try reader.integer("count")
    // Slots 0..<count are the ones in use: the ring has wrapped only when it is full.
    guard appended >= 0, count == min(appended, capacity) else {
      throw .mismatch(
        name: "replay count", expected: "\(min(appended, capacity)), the capacity being \(capacity)", found: "\(count)")
    }
    func part(_ name: String, _ vector: inout Vector, _ width: Int) throws(ArchiveError) {
      try reader.read(name, into: UnsafeMutableBufferPointer(start: vector.mutablePointer, count: count * width))
    }
    try part("observations", &observations, observationSize)
    try part("actions", &actions, actionSize)
    try part("rewards", &rewards, 1)
    try part("next_observations", &nextObservations, observationSize)
    try part("continues", &continues, 1)
    guard keepsTimes else { return }
    let saved = try reader.integers("times")
    guard saved.count == count else {
      throw .mismatch(name: "times", expected: "\(count) of them", found: "\(saved.count)")
    }
    for slot in saved.indices { times[slot] = saved[slot] }
  }
}
