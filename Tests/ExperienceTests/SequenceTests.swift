import Experience
import Interfaces
import Kernels
import Testing

/// Stretches of replay stay within an episode and a copy, and every one is drawn.
@Suite struct SequenceTests {
  /// Transitions whose observations name copy, episode and time.
  private func replay(copies: Int, capacity: Int) -> ReplayBuffer {
    var buffer = ReplayBuffer(capacity: capacity, observationSize: 3, actionSize: 1, keepsTimes: true)
    var places = (0..<copies).map { (copy: $0, episode: 0, time: 0) }
    for _ in 0..<40 {
      for copy in 0..<copies {
        let (_, episode, time) = places[copy]
        func observation(_ time: Int) -> [Float] { [Float(copy), Float(episode), Float(time)] }
        let isOver = time == 4 + copy
        buffer.append(
          observation(time), [Float(100 * copy + 10 * episode + time)], reward: Float(time),
          next: observation(time + 1), continues: !isOver || copy > 0, time: time)
        places[copy] = isOver ? (copy, episode + 1, 0) : (copy, episode, time + 1)
      }
    }
    return buffer
  }

  @Test(arguments: [(1, 1000), (1, 23), (3, 1000), (3, 50)]) func stretchesAreOfOneEpisode(copies: Int, capacity: Int) {
    let buffer = replay(copies: copies, capacity: capacity)
    var batch = SequenceBatch(count: 400, steps: 3, observationSize: 3, actionSize: 1)
    var (random, starts) = (RandomStream(seed: 2), Set<[Float]>())
    #expect(buffer.sample(&batch, copies: copies, using: &random))
    for b in 0..<batch.count {
      let first = (0..<3).map { batch.observations[b, $0] }
      starts.insert(first)
      for t in 0...3 {
        let here = (0..<3).map { batch.observations[t * batch.count + b, $0] }
        #expect(here == [first[0], first[1], first[2] + Float(t)])
        guard t < 3 else { continue }
        let row = t * batch.count + b
        #expect(batch.rewards[row] == here[2] && batch.actions[row, 0] == 100 * here[0] + 10 * here[1] + here[2])
        #expect(batch.continues[row] == (here[2] == 4 && here[0] == 0 ? 0 : 1))
      }
    }
    let possible = (0..<buffer.count).filter { buffer.isSequence(from: $0, steps: 3, copies: copies) }
    #expect(starts.count == possible.count)
  }

  @Test func shortEpisodesHaveNone() {
    var buffer = ReplayBuffer(capacity: 10, observationSize: 1, actionSize: 1, keepsTimes: true)
    for _ in 0..<10 { buffer.append([0], [0], reward: 0, next: [0], continues: false, time: 0) }
    var (batch, random) = (SequenceBatch(count: 4, steps: 2, observationSize: 1, actionSize: 1), RandomStream(seed: 1))
    #expect(!buffer.sample(&batch, copies: 1, using: &random))
  }
}
