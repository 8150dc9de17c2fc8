import Archive
import Interfaces
import Kernels

/// A replay buffer that also knows at which time of its episode each transition began.
public struct EpisodeReplay: EpisodeSource, Sendable {
  private var replay: ReplayBuffer
  private var times: [Int]

  /// An empty buffer.
  public init(capacity: Int, observationSize: Int, actionSize: Int) {
    replay = ReplayBuffer(capacity: capacity, observationSize: observationSize, actionSize: actionSize)
    times = Array(repeating: 0, count: capacity)
  }

  /// Transitions held.
  public var count: Int { replay.count }

  private func slot(_ index: Int) -> Int { (replay.appended - replay.count + index) % replay.capacity }

  /// Appends the step from t to t + 1 of an episode, over the oldest one if full.
  public mutating func append(
    _ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float], time: Int
  ) {
    times[replay.appended % replay.capacity] = time
    replay.append(
      observation, action, reward: outcome.reward, next: next, continues: outcome.ending != .terminated)
  }

  /// Appends copy `index`'s step of `round`, the one from `time` to `time` + 1 of its episode. Episodes of several
  /// copies lie among one another, each in order.
  public mutating func append(_ index: Int, of round: CopySteps, time: Int) {
    times[replay.appended % replay.capacity] = time
    replay.append(index, of: round)
  }

  public func time(of index: Int) -> Int {
    precondition(index >= 0 && index < count, "transition \(index) outside 0..<\(count)")
    return times[slot(index)]
  }

  public func firstIndex(ofLast episodes: Int) -> Int {
    var (index, left) = (count, episodes)
    while index > 0 && left > 0 {
      index -= 1
      if times[slot(index)] == 0 { left -= 1 }
    }
    return index
  }

  public func gather(_ indices: UnsafeBufferPointer<Int32>, into batch: inout TransitionBatch) {
    replay.gather(indices, into: &batch)
  }

  /// Fills all rows of `batch` with transitions drawn uniformly with replacement.
  public func sample(into batch: inout TransitionBatch, using random: inout RandomStream) {
    replay.sample(into: &batch, using: &random)
  }
}

extension EpisodeReplay: Checkpointable {
  public func save(to writer: inout StateWriter) {
    writer.write("transitions", replay)
    writer.write("times", Array(times.prefix(replay.count)))
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    try reader.read("transitions", into: &replay)
    // slots 0..<count are the ones in use: the ring has wrapped only when it is full
    let saved = try reader.integers("times")
    guard saved.count == replay.count else {
      throw .mismatch(name: "times", expected: "\(replay.count) of them", found: "\(saved.count)")
    }
    for slot in saved.indices { times[slot] = saved[slot] }
  }
}
