import Experience
import Interfaces
import Kernels
import TestSupport
import Testing

@Suite struct ReplayTimesTests {
  /// Episodes of 3, 2, 4 and 2 steps; transition i observes i.
  private func filled(capacity: Int) -> ReplayBuffer {
    var replay = ReplayBuffer(capacity: capacity, observationSize: 1, actionSize: 1, keepsTimes: true)
    var number: Float = 0
    for length in [3, 2, 4, 2] {
      for time in 0..<length {
        replay.append([number], [-number], reward: number, next: [number + 1], continues: true, time: time)
        number += 1
      }
    }
    return replay
  }

  @Test func knowsTimesAndEpisodes() {
    let whole = filled(capacity: 20)
    #expect((0..<11).map { whole.time(of: $0) } == [0, 1, 2, 0, 1, 0, 1, 2, 3, 0, 1])
    #expect([1, 2, 3, 4, 5].map { whole.firstIndex(ofLast: $0) } == [9, 5, 3, 0, 0])
    // the ring keeps the last seven: the end of the second episode's, all of the third and fourth
    let ring = filled(capacity: 7)
    #expect((0..<7).map { ring.time(of: $0) } == [1, 0, 1, 2, 3, 0, 1])
    #expect([1, 2, 3].map { ring.firstIndex(ofLast: $0) } == [5, 1, 0])
    var batch = TransitionBatch(count: 2, observationSize: 1, actionSize: 1)
    [Int32(0), 5].withUnsafeBufferPointer { ring.gather($0, into: &batch) }
    #expect([batch.observations[0, 0], batch.observations[1, 0]] == [4, 9])
  }

  @Test func isRestored() throws {
    let original = filled(capacity: 7)
    var restored = ReplayBuffer(capacity: 7, observationSize: 1, actionSize: 1, keepsTimes: true)
    try OracleState(original).restore(into: &restored)
    #expect((0..<7).map { restored.time(of: $0) } == (0..<7).map { original.time(of: $0) })
    #expect(restored.firstIndex(ofLast: 2) == 1)
  }
}
