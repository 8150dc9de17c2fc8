import Experience
import Foundation
import Interfaces
import Kernels
import TestSupport
import Testing

@Suite struct ReplayBufferTests {
  /// The buffer holds the newest `capacity` transitions, the oldest of them at index 0.
  @Test(arguments: [0, 1, 2, 6, 7, 8, 13, 14, 15, 100]) func keepsTheNewest(_ appended: Int) {
    let buffer = NumberedTransitions.buffer(capacity: 7, holding: 0..<appended)
    #expect(buffer.appended == appended && buffer.count == min(appended, 7))
    let held = NumberedTransitions.ids(buffer, at: Array(0..<buffer.count))
    #expect(held == Array(appended - buffer.count..<appended))
  }

  @Test func capacityOfOneHoldsTheLast() {
    let buffer = NumberedTransitions.buffer(capacity: 1, holding: 0..<5)
    #expect(NumberedTransitions.ids(buffer, at: [0]) == [4])
  }

  /// Rows come in the order of the indices, repetitions included, whatever the block boundary they straddle.
  @Test func gathersInTheOrderAsked() {
    let buffer = NumberedTransitions.buffer(capacity: 50, holding: 0..<83)
    var random = RandomStream(seed: 3)
    for _ in 0..<20 {
      let indices = (0..<64).map { _ in random.index(below: 50) }
      #expect(NumberedTransitions.ids(buffer, at: indices) == indices.map { 33 + $0 })
    }
  }

  @Test func gatherLeavesLaterRowsOfTheBatchAlone() {
    let buffer = NumberedTransitions.buffer(capacity: 9, holding: 1..<10)
    var batch = NumberedTransitions.batch(4)
    batch.rewards.fill(-1)
    [Int32(5), 2].withUnsafeBufferPointer { buffer.gather($0, into: &batch) }
    #expect(NumberedTransitions.ids(batch)[0...1] == [6, 3])
    #expect(batch.rewards[2] == -1 && batch.rewards[3] == -1)
  }

  /// Every transition held is drawn equally often, and none that has been overwritten.
  @Test(arguments: [(97, 60), (97, 97), (97, 350)]) func samplesUniformly(_ capacity: Int, _ appended: Int) {
    let buffer = NumberedTransitions.buffer(capacity: capacity, holding: 0..<appended)
    var batch = NumberedTransitions.batch(500)
    var random = RandomStream(seed: UInt64(appended))
    var counts = [Int](repeating: 0, count: buffer.count)
    for _ in 0..<100 {
      buffer.sample(into: &batch, using: &random)
      for id in NumberedTransitions.ids(batch) {
        guard let id, id >= appended - buffer.count, id < appended else {
          Issue.record("sampled \(id.map(String.init) ?? "a mixture")")
          return
        }
        counts[id - (appended - buffer.count)] += 1
      }
    }
    let test = OracleUniformity(counts)
    #expect(test.holds, "\(test)")
  }

  /// Draws are with replacement and independent: pairs of rows in a row are uniform too.
  @Test func samplesIndependently() {
    let buffer = NumberedTransitions.buffer(capacity: 12, holding: 0..<30)
    var batch = NumberedTransitions.batch(400)
    var random = RandomStream(seed: 5)
    var pairs = [Int](repeating: 0, count: 144)
    for _ in 0..<50 {
      buffer.sample(into: &batch, using: &random)
      let ids = NumberedTransitions.ids(batch).map { ($0 ?? 18) - 18 }
      for row in stride(from: 0, to: 400, by: 2) { pairs[ids[row] * 12 + ids[row + 1]] += 1 }
    }
    let test = OracleUniformity(pairs)
    #expect(test.holds, "\(test)")
  }

  @Test func samplingIsAFunctionOfTheStream() {
    let buffer = NumberedTransitions.buffer(capacity: 64, holding: 0..<200)
    func draw(_ seed: UInt64) -> [Int?] {
      var (batch, random) = (NumberedTransitions.batch(33), RandomStream(seed: seed))
      buffer.sample(into: &batch, using: &random)
      let first = NumberedTransitions.ids(batch)
      buffer.sample(into: &batch, using: &random)
      return first + NumberedTransitions.ids(batch)
    }
    #expect(draw(1) == draw(1))
    #expect(draw(1) != draw(2))
    #expect(draw(1).prefix(33) != draw(1).suffix(33))
  }

  @Test func copiesAreIndependent() {
    let original = NumberedTransitions.buffer(capacity: 5, holding: 0..<4)
    var copy = original
    NumberedTransitions.append(4..<9, to: &copy)
    #expect(NumberedTransitions.ids(original, at: [0, 1, 2, 3]) == [0, 1, 2, 3])
    #expect(NumberedTransitions.ids(copy, at: [0, 4]) == [4, 8])
  }

  @Test(arguments: [32, 256, 1000]) func appendingAndSamplingDoNotAllocate(_ size: Int) {
    var buffer = NumberedTransitions.buffer(capacity: 100, holding: 0..<10)
    var (batch, random) = (NumberedTransitions.batch(size), RandomStream(seed: 1))
    let (observation, action) = (NumberedTransitions.observation(1), NumberedTransitions.action(1))
    let appending = allocations {
      for _ in 0..<150 { buffer.append(observation, action, reward: 1, next: observation, continues: true) }
    }
    #expect(appending == 0)
    #expect(allocations { buffer.sample(into: &batch, using: &random) } == 0)
  }
}
