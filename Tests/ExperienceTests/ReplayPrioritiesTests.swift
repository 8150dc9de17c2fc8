import Experience
import Foundation
import Interfaces
import Kernels
import TestSupport
import Testing

@Suite struct ReplayPrioritiesTests {
  private static func replay(_ count: Int, capacity: Int) -> ReplayBuffer {
    var replay = ReplayBuffer(capacity: capacity, observationSize: 1, actionSize: 1)
    for number in 0..<count { append(number, to: &replay) }
    return replay
  }

  private static func append(_ number: Int, to replay: inout ReplayBuffer) {
    replay.append([Float(number)], [0], reward: 0, next: [0], continues: true)
  }

  private func draw(
    _ count: Int, _ priorities: inout ReplayPriorities, _ replay: ReplayBuffer, beta: Float,
    _ random: inout RandomStream
  ) -> (indices: [Int32], weights: [Float]) {
    var (indices, weights) = ([Int32](repeating: 0, count: count), [Float](repeating: 0, count: count))
    indices.withUnsafeMutableBufferPointer {
      priorities.draw($0, weights: &weights, from: replay, beta: beta, using: &random)
    }
    return (indices, weights)
  }

  /// P = (error + offset)^alpha over its sum, weights (N P)^-beta over the largest, for errors that are known, in a
  /// ring that has gone round.
  @Test func probabilitiesAndWeights() {
    let (alpha, beta, offset, count) = (Float(0.7), Float(0.5), Float(0.01), 6)
    let replay = Self.replay(10, capacity: count)
    var priorities = ReplayPriorities(capacity: count, alpha: alpha, offset: offset)
    var random = RandomStream(seed: 1)
    // equal at first: an even draw of as many parts gives each once, all of weight 1
    let first = draw(count, &priorities, replay, beta: beta, &random)
    #expect(Set(first.indices).count == count && first.weights.allSatisfy { abs($0 - 1) < 1e-5 })
    let errors = first.indices.map { Float($0) * 0.5 }
    priorities.update(errors)
    let powers = (0..<count).map { pow(Double($0) * 0.5 + Double(offset), Double(alpha)) }
    let total = powers.reduce(0, +)
    for index in 0..<count {
      #expect(abs(priorities.probability(of: index, in: replay) - powers[index] / total) < 1e-5)
    }
    let drawn = draw(50_000, &priorities, replay, beta: beta, &random)
    let least = powers[Int(drawn.indices.min { powers[Int($0)] < powers[Int($1)] } ?? 0)]
    var counts = [Int](repeating: 0, count: count)
    for (index, weight) in zip(drawn.indices, drawn.weights) {
      counts[Int(index)] += 1
      // (N P)^-beta / (N P_least)^-beta
      #expect(abs(Double(weight) - pow(powers[Int(index)] / least, -Double(beta))) < 1e-4)
    }
    for index in 0..<count { #expect(abs(Double(counts[index]) / 50_000 - powers[index] / total) < 0.001) }
  }

  /// What is new has the largest priority so far, in place of what it overwrites.
  @Test func newTransitionsComeFirst() {
    var replay = Self.replay(4, capacity: 4)
    var priorities = ReplayPriorities(capacity: 4, alpha: 1, offset: 1e-6)
    var random = RandomStream(seed: 1)
    _ = draw(4, &priorities, replay, beta: 1, &random)
    priorities.update([8, 1, 1, 2])
    _ = draw(4, &priorities, replay, beta: 1, &random)
    Self.append(4, to: &replay)
    // 1, 1 and 2 are held, and a new one with 8
    let shares = (0..<4).map { priorities.probability(of: $0, in: replay) }
    #expect(worstGap(shares, [1.0 / 12, 1.0 / 12, 2.0 / 12, 8.0 / 12]) < 1e-6)
  }

  @Test func withoutAlphaDrawsAreUniform() {
    let replay = Self.replay(5, capacity: 9)
    var priorities = ReplayPriorities(capacity: 9, alpha: 0, offset: 1e-6)
    var random = RandomStream(seed: 1)
    _ = draw(5, &priorities, replay, beta: 1, &random)
    priorities.update([1, 2, 3, 4, 5])
    for index in 0..<5 { #expect(abs(priorities.probability(of: index, in: replay) - 0.2) < 1e-6) }
  }

  @Test func restoredPrioritiesDrawTheSame() throws {
    let replay = Self.replay(30, capacity: 20)
    var priorities = ReplayPriorities(capacity: 20, alpha: 0.6, offset: 1e-6)
    var random = RandomStream(seed: 1)
    _ = draw(16, &priorities, replay, beta: 0.4, &random)
    priorities.update((0..<16).map { Float($0) })
    var restored = ReplayPriorities(capacity: 20, alpha: 0.6, offset: 1e-6)
    try OracleState(priorities).restore(into: &restored)
    var same = random
    let (a, b) = (
      draw(40, &priorities, replay, beta: 0.4, &random), draw(40, &restored, replay, beta: 0.4, &same)
    )
    #expect(a.indices == b.indices && a.weights == b.weights)
  }

  private func worstGap(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).map { abs($0 - $1) }.max() ?? 0 }
}
