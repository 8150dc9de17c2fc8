import Archive
import Interfaces
import Kernels

/// Ring of the last `capacity` transitions, structure-of-arrays, which takes memory as it fills.
///
/// Memory is 4 (2 D + A + 2) bytes a transition, and 8 more where it keeps times. Images are held in bytes, equal ones once
/// (`ImageStore`). Appending is O(1) but for images; sampling and gathering never allocate. Index 0 is the oldest
/// transition held.
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
  /// Whether it knows at which time of its episode each transition began.
  public let keepsTimes: Bool
  /// How observations make images, where they are held in bytes.
  public let image: ImageShape?
  /// Slots there is room for.
  private(set) var room = 0
  var observations: GrowingVector<Float>
  var actions: GrowingVector<Float>
  var rewards: GrowingVector<Float>
  var nextObservations: GrowingVector<Float>
  var continues: GrowingVector<Float>
  /// At which time of its episode each transition began; without room where times are not kept.
  var times: GrowingVector<Int>
  /// Observations and next observations where they are images.
  var images: ImageStore?
  /// Which series the numbers of its transitions belong to.
  public internal(set) var lineage = RecordLineage()

  /// An empty buffer. With `keepsTimes` it knows at which time of its episode each transition began, as models that
  /// predict by the time need. Observations that are images of that shape are held in bytes, rounded to whole numbers
  /// within 0...255.
  public init(
    capacity: Int, observationSize: Int, actionSize: Int, keepsTimes: Bool = false, image: ImageShape? = nil
  ) {
    precondition(capacity > 0 && capacity <= Int(Int32.max), "capacity \(capacity)")
    precondition(image.map { $0.count == observationSize } ?? true, "images of another size")
    self.capacity = capacity
    self.observationSize = observationSize
    self.actionSize = actionSize
    self.keepsTimes = keepsTimes
    self.image = image
    observations = GrowingVector(limit: image == nil ? capacity * observationSize : 0)
    nextObservations = GrowingVector(limit: image == nil ? capacity * observationSize : 0)
    actions = GrowingVector(limit: capacity * actionSize)
    rewards = GrowingVector(limit: capacity)
    continues = GrowingVector(limit: capacity)
    times = GrowingVector(limit: keepsTimes ? capacity : 0)
    images = image.map { ImageStore(capacity: capacity, shape: $0) }
  }

  /// Bytes of `count` transitions; images as they are at best, each frame once.
  private static func bytes(
    of count: Int, observationSize: Int, actionSize: Int, keepsTimes: Bool, image: ImageShape?
  ) -> Double {
    let rest = Double(4 * (actionSize + 2) + (keepsTimes ? 8 : 0))
    guard let image else { return Double(count) * (8 * Double(observationSize) + rest) }
    // references take four bytes for each plane
    let planes = image.frames > 1 ? image.channels / image.frames : image.channels > 3 ? 1 : image.channels
    return Double(count) * (Double(image.height * image.width * planes + 8 * image.channels) + rest)
  }

  /// What it holds once `steps` steps were appended.
  public func memoryNeed(after steps: Int, setting: String) -> MemoryNeed {
    let held = min(capacity, steps)
    return MemoryNeed(
      setting: setting, what: "\(held) transitions",
      bytes: Self.bytes(
        of: held, observationSize: observationSize, actionSize: actionSize, keepsTimes: keepsTimes, image: image))
  }

  /// Different planes of images that are held.
  package var imagePlanes: Int { images?.planeCount ?? 0 }

  /// Bytes of numeric storage when it is full and holds no images.
  public var byteCount: Int { 4 * capacity * (2 * observationSize + actionSize + 2) + (keepsTimes ? 8 * capacity : 0) }

  /// Makes room for `slots` slots at least, twice as many as there were if not.
  mutating func reserve(_ slots: Int) {
    guard slots > room else { return }
    room = min(capacity, max(slots, 2 * room, 1024))
    if images == nil {
      observations.reserve(room * observationSize)
      nextObservations.reserve(room * observationSize)
    }
    actions.reserve(room * actionSize)
    rewards.reserve(room)
    continues.reserve(room)
    if keepsTimes { times.reserve(room) }
    images?.reserve(room)
  }

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
    reserve(slot + 1)
    if images == nil {
      (observations.mutablePointer + slot * observationSize).update(from: observation, count: observationSize)
      (nextObservations.mutablePointer + slot * observationSize).update(from: next, count: observationSize)
    } else {
      images?.set(slot, observation, next: next, overwrites: appended >= capacity)
    }
    (actions.mutablePointer + slot * actionSize).update(from: action, count: actionSize)
    rewards.mutablePointer[slot] = reward
    continues.mutablePointer[slot] = factor
    if keepsTimes { times.mutablePointer[slot] = time }
    appended += 1
    count = min(count + 1, capacity)
  }

  /// Copies transitions `indices` (0 is the oldest held) into the first rows of `batch`.
  public func gather(_ indices: UnsafeBufferPointer<Int32>, into batch: inout TransitionBatch) {
    gather(indices, into: &batch, from: 0)
  }

  /// The same into the rows from `first` on.
  public func gather(_ indices: UnsafeBufferPointer<Int32>, into batch: inout TransitionBatch, from first: Int) {
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
      if let images {
        images.copy(slot, next: false, to: o + row * observationSize)
      } else {
        (o + row * observationSize).update(from: observations.pointer + slot * observationSize, count: observationSize)
      }
      copyNextObservation(ofSlot: slot, to: n + row * observationSize)
      (a + row * actionSize).update(from: actions.pointer + slot * actionSize, count: actionSize)
      r[row] = rewards.pointer[slot]
      c[row] = continues.pointer[slot]
      if gathersTimes { batch.times[row] = times.pointer[slot] }
    }
  }

  /// Writes the next observation [D] of the transition in `slot`.
  func copyNextObservation(ofSlot slot: Int, to target: UnsafeMutablePointer<Float>) {
    if let images {
      images.copy(slot, next: true, to: target)
    } else {
      target.update(from: nextObservations.pointer + slot * observationSize, count: observationSize)
    }
  }

  /// All transitions held, oldest first: a copy, to look at.
  package var contents: TransitionBatch {
    var batch = TransitionBatch(
      count: count, observationSize: observationSize, actionSize: actionSize, keepsTimes: keepsTimes)
    (0..<Int32(count)).map { $0 }.withUnsafeBufferPointer { gather($0, into: &batch) }
    return batch
  }

  /// Steps from the start of its episode to transition `index`, counted from the oldest held; 0 where times are not kept.
  public func time(of index: Int) -> Int {
    precondition(index >= 0 && index < count, "transition \(index) outside 0..<\(count)")
    return keepsTimes ? times.pointer[(appended - count + index) % capacity] : 0
  }

  /// Index of the transition with which the newest `episodes` episodes begin, counted from the oldest held; 0 where times
  /// are not kept or fewer episodes are held. O(transitions of these episodes).
  public func firstIndex(ofLast episodes: Int) -> Int {
    guard keepsTimes else { return 0 }
    var (index, left) = (count, episodes)
    while index > 0 && left > 0 {
      index -= 1
      if times.pointer[(appended - count + index) % capacity] == 0 { left -= 1 }
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
    if writer.setAside(self) { return }
    func part(_ name: String, _ vector: GrowingVector<Float>, _ width: Int) {
      writer.write(name, shape: [count, width], UnsafeBufferPointer(start: vector.pointer, count: count * width))
    }
    if let images {
      writer.scope("images") { images.save(count: count, to: &$0) }
    } else {
      part("observations", observations, observationSize)
      part("next_observations", nextObservations, observationSize)
    }
    part("actions", actions, actionSize)
    part("rewards", rewards, 1)
    part("continues", continues, 1)
    if keepsTimes { writer.write("times", (0..<count).map { times.pointer[$0] }) }
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    let (appended, count) = (try reader.count("appended"), try reader.count("count"))
    // Slots 0..<count are the ones in use: the ring has wrapped only when it is full.
    guard count == min(appended, capacity) else {
      throw .mismatch(
        name: "replay count", expected: "\(min(appended, capacity)), the capacity being \(capacity)", found: "\(count)")
    }
    lineage = RecordLineage()
    if let source = reader.recordsAside { return try restore(appended, count, from: source, reader) }
    // memory is taken for what the file holds, whatever its counters say
    let held = try reader.size(of: "rewards")
    guard held == count else {
      throw .mismatch(name: "rewards", expected: "\(count) of them", found: "\(held)")
    }
    (self.appended, self.count) = (appended, count)
    reserve(count)
    func part(_ name: String, _ vector: inout GrowingVector<Float>, _ width: Int) throws(ArchiveError) {
      try reader.read(name, into: UnsafeMutableBufferPointer(start: vector.mutablePointer, count: count * width))
    }
    if images == nil {
      try part("observations", &observations, observationSize)
      try part("next_observations", &nextObservations, observationSize)
    } else {
      try images?.restore(count: count, from: reader.scope("images"))
    }
    try part("actions", &actions, actionSize)
    try part("rewards", &rewards, 1)
    try part("continues", &continues, 1)
    guard keepsTimes else { return }
    for (slot, time) in try reader.counts("times", count: count).enumerated() { times.mutablePointer[slot] = time }
  }

  /// Takes over transitions that were set aside; none, where nobody wants them.
  private mutating func restore(
    _ appended: Int, _ count: Int, from source: any RecordSource, _ reader: StateReader
  ) throws(ArchiveError) {
    (self.appended, self.count) = (appended, 0)
    images?.removeAll()
    let wanted = appended - count..<appended
    let isRead = try reader.readRecords(wanted, from: source, lineage: lineage) { block throws(ArchiveError) in
      try decode(block, wanted: wanted)
    }
    if isRead { self.count = count }
  }
}
