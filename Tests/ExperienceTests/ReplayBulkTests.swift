import Experience
import Interfaces
import Kernels
import TestSupport
import Testing

@Suite struct ReplayBulkTests {
  private static func batch(_ ids: Range<Int>) -> TransitionBatch {
    var batch = NumberedTransitions.batch(ids.count)
    let source = NumberedTransitions.buffer(capacity: ids.count, holding: ids)
    (0..<Int32(ids.count)).map { $0 }.withUnsafeBufferPointer { source.gather($0, into: &batch) }
    return batch
  }

  /// Batches leave the buffer as their transitions would one by one, also when it wraps and when one batch is larger than it.
  @Test(arguments: [[3], [3, 4], [5, 5, 5], [7, 1], [6, 9], [20], [2, 40, 3]]) func appendsAsOneByOne(_ sizes: [Int]) {
    var bulk = NumberedTransitions.buffer(capacity: 7, holding: 0..<0)
    var single = bulk
    var first = 0
    for size in sizes {
      bulk.append(Self.batch(first..<first + size), count: size)
      NumberedTransitions.append(first..<first + size, to: &single)
      first += size
    }
    #expect(OracleState(bulk) == OracleState(single))
    #expect(bulk.appended == first && bulk.count == min(first, 7))
  }

  @Test func appendsOnlyTheFirstRows() {
    var buffer = NumberedTransitions.buffer(capacity: 9, holding: 0..<2)
    buffer.append(Self.batch(2..<8), count: 3)
    #expect(NumberedTransitions.ids(buffer, at: Array(0..<buffer.count)) == [0, 1, 2, 3, 4])
  }

  @Test(arguments: [(7, 4), (7, 7), (7, 30), (7, 1)]) func resizesToTheNewest(_ capacity: Int, _ other: Int) {
    for appended in [0, 3, 7, 12] {
      let buffer = NumberedTransitions.buffer(capacity: capacity, holding: 0..<appended)
      var resized = buffer.resized(to: other)
      let kept = min(buffer.count, other)
      #expect(resized.capacity == other && resized.count == kept)
      NumberedTransitions.append(appended..<appended + 2, to: &resized)
      let held = NumberedTransitions.ids(resized, at: Array(0..<resized.count))
      #expect(held == Array((appended + 2 - min(kept + 2, other))..<appended + 2))
    }
  }

  @Test func forgetsEverything() {
    var buffer = NumberedTransitions.buffer(capacity: 5, holding: 0..<9)
    buffer.removeAll()
    #expect(buffer.count == 0)
    NumberedTransitions.append(20..<22, to: &buffer)
    #expect(NumberedTransitions.ids(buffer, at: [0, 1]) == [20, 21])
  }

  @Test func samplesSomeRowsAndLeavesTheOthers() {
    let (low, high) = (
      NumberedTransitions.buffer(capacity: 600, holding: 0..<600),
      NumberedTransitions.buffer(capacity: 600, holding: 1000..<1600)
    )
    var (batch, random) = (NumberedTransitions.batch(700), RandomStream(seed: 4))
    low.sample(0..<300, of: &batch, using: &random)
    high.sample(300..<700, of: &batch, using: &random)
    let ids = NumberedTransitions.ids(batch)
    #expect(ids[..<300].allSatisfy { $0.map { $0 < 600 } ?? false })
    #expect(ids[300...].allSatisfy { $0.map { $0 >= 1000 } ?? false })
  }

  /// Branch points are states with the actions taken there, drawn equally often from the newest.
  @Test(arguments: [(97, 60, 20), (97, 350, 40), (97, 30, 1000)])
  func branchPointsAreUniformAmongTheNewest(_ capacity: Int, _ appended: Int, _ newest: Int) {
    let buffer = NumberedTransitions.buffer(capacity: capacity, holding: 0..<appended)
    var (points, random) = (
      RolloutStates(
        count: 500, observationSize: NumberedTransitions.observationSize, actionSize: NumberedTransitions.actionSize),
      RandomStream(seed: 2)
    )
    let candidates = min(newest, buffer.count)
    var counts = [Int](repeating: 0, count: candidates)
    for _ in 0..<40 {
      buffer.sample(into: &points, newest: newest, using: &random)
      for row in 0..<points.count {
        let id = Int(points.states[row, 0])
        guard id >= appended - candidates, id < appended,
          Array(points.states.row(row)) == NumberedTransitions.observation(id),
          Array(points.actions.row(row)) == NumberedTransitions.action(id)
        else {
          Issue.record("drew \(Array(points.states.row(row)))")
          return
        }
        counts[id - (appended - candidates)] += 1
      }
    }
    let test = OracleUniformity(counts)
    #expect(test.holds, "\(test)")
  }

  @Test func bulkOperationsDoNotAllocate() {
    var buffer = NumberedTransitions.buffer(capacity: 50, holding: 0..<80)
    let batch = Self.batch(0..<30)
    var (points, random) = (RolloutStates(count: 40, observationSize: 3, actionSize: 2), RandomStream(seed: 2))
    let count = allocations {
      buffer.append(batch, count: 30)
      buffer.sample(into: &points, newest: 20, using: &random)
    }
    #expect(count == 0)
  }
}
