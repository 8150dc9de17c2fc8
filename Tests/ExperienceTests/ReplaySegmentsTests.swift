import Experience
import Interfaces
import Kernels
import Testing

@Suite struct ReplaySegmentsTests {
  /// Two copies in turn; observations count a copy's steps, copy 1's from 100 on. Copy 0's episode terminates after its
  /// third step, copy 1's is cut off after its second.
  @Test func segmentsFollowTheirEpisodes() {
    var replay = ReplayBuffer(capacity: 9, observationSize: 1, actionSize: 1, keepsTimes: true)
    var segments = ReplaySegments(capacity: 9)
    segments.copies = 2
    for step in 0..<5 {
      segments.note([Float(step) / 10, 0.5], before: replay)
      for copy in 0..<2 {
        let state = Float(100 * copy + step)
        let time = copy == 0 ? (step < 3 ? step : step - 3) : (step < 2 ? step : step - 2)
        replay.append(
          [state], [state + 1000], reward: state, next: [state + 1], continues: !(copy == 0 && step == 2), time: time)
      }
    }
    // 10 were appended, the oldest, copy 0's first, is gone: index 0 is copy 1's first step
    var batch = SegmentBatch(count: 9, steps: 3, observationSize: 1, actionSize: 1)
    let indices: [Int32] = [0, 1, 2, 3, 4, 5, 6, 7, 8]
    indices.withUnsafeBufferPointer { segments.gather($0, from: replay, into: &batch) }
    // copy 1 at 0, copy 0 at 1, copy 1 at 1, copy 0 at 2, ...
    #expect(batch.lengths == [2, 2, 1, 1, 3, 2, 2, 1, 1])
    #expect(Array(batch.rewards.row(0)).prefix(2) == [100, 101] && Array(batch.rewards.row(4)) == [102, 103, 104])
    #expect(batch.next[0, 0] == 101 && batch.next[1, 0] == 102 && batch.next[14, 0] == 105)
    #expect(batch.nextActions[0, 0] == 1101 && batch.nextActions[3, 0] == 1002)
    #expect(batch.continues[1, 0] == 1 && batch.continues[1, 1] == 0 && batch.continues[3, 0] == 0)
    #expect(batch.nextProbabilities[1, 0] == 0.2 && batch.nextProbabilities[0, 0] == 0.5)
  }
}
