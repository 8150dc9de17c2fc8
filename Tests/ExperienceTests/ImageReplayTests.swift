import Archive
import Experience
import Interfaces
import Kernels
import TestSupport
import Testing

/// Replays of images, which are held in bytes and once.
@Suite struct ImageReplayTests {
  private let shape = ImageShape(height: 5, width: 3, channels: 4, frames: 4)

  /// Stacks of the frames first - 3 to first, channels innermost, as `FrameStack` shows them.
  private func stack(_ first: Int) -> [Float] {
    var values: [Float] = []
    for pixel in 0..<15 {
      for frame in first - 3...first { values.append(Float((max(frame, 0) * 37 + pixel * 11) % 256)) }
    }
    return values
  }

  private func buffer(capacity: Int, _ steps: Range<Int>) -> ReplayBuffer {
    var buffer = ReplayBuffer(capacity: capacity, observationSize: shape.count, actionSize: 1, image: shape)
    append(steps, to: &buffer)
    return buffer
  }

  private func append(_ steps: Range<Int>, to buffer: inout ReplayBuffer) {
    for step in steps {
      buffer.append(
        stack(step), [Float(step)], reward: Float(step), next: stack(step + 1), continues: true)
    }
  }

  /// Steps whose transitions come back whole, by their index.
  private func held(_ buffer: ReplayBuffer) -> [Int?] {
    guard buffer.count > 0 else { return [] }
    var batch = TransitionBatch(count: buffer.count, observationSize: shape.count, actionSize: 1)
    let indices = (0..<buffer.count).map { Int32($0) }
    indices.withUnsafeBufferPointer { buffer.gather($0, into: &batch) }
    return indices.indices.map { row in
      let step = Int(batch.rewards[row])
      let isWhole =
        Array(batch.observations.row(row)) == stack(step) && Array(batch.nextObservations.row(row)) == stack(step + 1)
      return isWhole ? step : nil
    }
  }

  /// Before, at and after the ring is full, several times over.
  @Test(arguments: [1, 7, 8, 9, 30]) func imagesComeBackAsTheyWere(count: Int) {
    let buffer = buffer(capacity: 8, 0..<count)
    #expect(held(buffer) == Array(max(0, count - 8)..<count))
  }

  /// A frame is one plane, however many stacks it is in, and goes when the last of them does.
  @Test func eachFrameIsHeldOnce() {
    #expect(buffer(capacity: 100, 0..<40).imagePlanes == 41)
    // frames 22 - 3 to 30
    #expect(buffer(capacity: 8, 0..<30).imagePlanes == 12)
    // copies in turns, none of which follows the one before
    var copies = buffer(capacity: 100, 0..<0)
    for step in 0..<20 {
      for copy in 0..<3 { append(1000 * copy + step..<1000 * copy + step + 1, to: &copies) }
    }
    #expect(copies.imagePlanes == 21 + 2 * 24)
    copies.removeAll()
    append(0..<5, to: &copies)
    #expect(copies.imagePlanes == 6 && held(copies) == Array(0..<5))
  }

  @Test func valuesAreWholeNumbersWithinBytes() {
    let image = ImageShape(height: 1, width: 6, channels: 1)
    var buffer = ReplayBuffer(capacity: 3, observationSize: 6, actionSize: 1, image: image)
    buffer.append([-3, 0.4, 0.6, 254.6, 300, .nan], [0], reward: 0, next: [1, 2, 3, 4, 5, 6], continues: true)
    var points = RolloutStates(count: 1, observationSize: 6, actionSize: 1)
    var random = RandomStream(seed: 1)
    buffer.sample(into: &points, using: &random)
    #expect(Array(points.states.row(0)) == [0, 0, 1, 255, 255, 0])
  }

  /// Restored buffers hold and go on as the saved ones do, and are saved in the same bytes.
  @Test(arguments: [0, 5, 8, 29]) func restoredBuffersGoOnAlike(count: Int) throws {
    var original = buffer(capacity: 8, 0..<count)
    var restored = buffer(capacity: 8, 500..<513)
    try OracleState(original).restore(into: &restored)
    #expect(held(restored) == held(original) && restored.imagePlanes == original.imagePlanes)
    append(count..<count + 5, to: &original)
    append(count..<count + 5, to: &restored)
    #expect(held(restored) == held(original) && restored.imagePlanes == original.imagePlanes)
    #expect(OracleState(original) == OracleState(restored))
  }

  /// What needs less memory than raw floats: a stack of four, 32 bytes a frame's float.
  @Test func memoryNeedsAreThoseOfBytes() {
    let image = ImageShape(height: 84, width: 84, channels: 4, frames: 4)
    let buffer = ReplayBuffer(capacity: 1_000_000, observationSize: image.count, actionSize: 1, image: image)
    let need = buffer.memoryNeed(after: 2_000_000, setting: "agent.replay_capacity")
    #expect(need.bytes > 7.05e9 && need.bytes < 7.2e9, "\(need.bytes)")
    #expect(buffer.memoryNeed(after: 1000, setting: "").bytes < 7.2e6)
    let floats = ReplayBuffer(capacity: 100, observationSize: 10, actionSize: 2, keepsTimes: true)
    #expect(floats.memoryNeed(after: 1_000, setting: "").bytes == 100 * (4 * 24 + 8))
  }

  /// A value that is copied stays as it was.
  @Test func copiesAreValues() {
    var first = buffer(capacity: 8, 0..<5)
    let second = first
    append(5..<20, to: &first)
    #expect(held(second) == Array(0..<5) && held(first) == Array(12..<20))
  }
}
