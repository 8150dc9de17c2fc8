import Interfaces
import Kernels
import Learners
import Networks
import TestSupport
import Testing

/// Targets of several steps by hand.
@Suite struct SegmentTargetTests {
  private static func target(
    length: Int, continues: [Float] = [1, 1, 1], factors: [Float], chosen: [Float] = [2, 3, 0]
  ) -> Float {
    SegmentTargets.target(
      length: length, rewards: [1, 10, 100], continues: continues, values: [4, 5, 6], chosen: chosen,
      factors: factors, discount: 0.5)
  }

  /// Rewards 1, 10, 100; values 4, 5, 6 of the states that follow; Q = 2, 3 of the second and third action; discount
  /// 1/2.
  @Test func targetsByHand() {
    // one step: 1 + 0.5 * 4
    #expect(Self.target(length: 1, factors: [9, 9, 9]) == 3)
    // cut at once: the same
    #expect(Self.target(length: 3, factors: [0, 1, 9]) == 3)
    // the third step: 100 + 0.5 * 6 = 103; the second: 10 + 0.5 (5 + 103 - 3) = 62.5; the first: 1 + 0.5 (4 + 62.5 - 2)
    #expect(Self.target(length: 3, factors: [1, 1, 9]) == 33.25)
    // the second: 10 + 0.5 (5 + 0.25 (103 - 3)) = 25; the first: 1 + 0.5 (4 + 0.5 (25 - 2))
    #expect(Self.target(length: 3, factors: [0.5, 0.25, 9]) == 8.75)
    // where actions are the best ones, Q = V and nothing is cut: the return of three steps, 1 + 5 + 25 + 0.125 * 6
    #expect(Self.target(length: 3, factors: [1, 1, 9], chosen: [4, 5, 0]) == 31.75)
    // the second step terminates, nothing comes after it: 1 + 0.5 (4 + 10 - 2)
    #expect(Self.target(length: 2, continues: [1, 0, 1], factors: [1, 9, 9]) == 7)
  }

  /// A learner's targets against the same from its own values, for every rule.
  @Test(arguments: [
    TraceRule.greedy, .retrace(lambda: 1), .retrace(lambda: 0.7), .importance(lambda: 1),
  ])
  func learnersFollowTheRule(_ rule: TraceRule) throws {
    let (count, steps, epsilon) = (60, 4, Float(0.2))
    var learner = try Cases.deepQNetwork { $0.double = false }
    var random = RandomStream(seed: 6)
    var segments = SegmentBatch(
      count: count, steps: steps, observationSize: Cases.observationSize, actionSize: 1)
    let states = Cases.batch(count * steps, seed: 3, discrete: true)
    segments.next = states.nextObservations
    segments.nextActions = states.actions
    for b in 0..<count {
      segments.lengths[b] = 1 + random.index(below: steps)
      for t in 0..<steps {
        segments.rewards[b, t] = random.normal()
        segments.continues[b, t] = t == segments.lengths[b] - 1 && b % 3 == 0 ? 0 : 1
        segments.nextProbabilities[b, t] = random.uniform(0.05, 1)
      }
    }
    var batch = ValueBatch(count: count, observationSize: Cases.observationSize, actionSize: 1)
    learner.writeTargets(of: segments, rule: rule, epsilon: epsilon, into: &batch)

    let network = OraclePerceptron(
      widths: [Cases.observationSize, 5, 4, Cases.choices], activation: naiveActivation(.relu))
    let target = learner.core.targets.doubles
    for b in 0..<count {
      var expected = 0.0
      for t in stride(from: segments.lengths[b] - 1, through: 0, by: -1) {
        let place = b * steps + t
        let q = network(target[...], segments.next.row(place).map(Double.init))
        let best = q.indices.max { q[$0] < q[$1] } ?? 0
        let (chance, uniform) = (Double(epsilon), Double(epsilon) / Double(q.count))
        let value = (1 - chance) * q[best] + uniform * q.reduce(0, +)
        let taken = Int(segments.nextActions[place, 0])
        let pi = taken == best ? uniform + 1 - chance : uniform
        let mu = Double(segments.nextProbabilities[b, t])
        let factor: Double =
          switch rule {
          case .greedy: taken == best ? 1 : 0
          case .retrace(let lambda): Double(lambda) * min(1, pi / mu)
          case .importance(let lambda): Double(lambda) * pi / mu
          }
        let isLast = t == segments.lengths[b] - 1
        let follow = isLast ? 0 : factor * (expected - q[taken])
        let decay = 0.9 * Double(segments.continues[b, t])
        expected = Double(segments.rewards[b, t]) + decay * (value + follow)
      }
      #expect(abs(Double(batch.targets[b]) - expected) < 1e-4 * max(1, abs(expected)))
    }
  }
}
