import Interfaces
import Kernels
import Learners
import TestSupport
import Testing

/// Updates of SARSA, expected SARSA and double Q-learning by hand.
@Suite struct TabularControlTests {
  private static func settings(epsilon: Double = 0.2) -> TabularQSettings {
    var settings = TabularQSettings()
    (settings.stepSize, settings.discount, settings.epsilon) = (0.5, 0.9, epsilon)
    return settings
  }

  /// Three actions with values 1, 4 and 4 in state 1, none of state 0's known.
  private static let values: [Double] = [0, 0, 0, 1, 4, 4]

  private func sarsa(isExpected: Bool, epsilon: Double = 0.2) -> Sarsa {
    var learner = Sarsa(Self.settings(epsilon: epsilon), isExpected: isExpected, states: 2, actions: 3)
    learner.values = Self.values
    return learner
  }

  private let step = TabularStep(state: 0, action: 2, reward: 2, next: 1, terminates: false)

  @Test func sarsaCountsTheNextAction() throws {
    var learner = sarsa(isExpected: false)
    var random = RandomStream(seed: 1)
    #expect(learner.needsNextAction)
    // 2 + 0.9 * 1 - 0
    #expect(abs(learner.learn(from: step, nextAction: 0, using: &random) - 2.9) < 1e-12)
    #expect(abs(learner.values[2] - 1.45) < 1e-12)
  }

  /// Two best actions share 0.8, all share 0.2: the expectation is 0.8 * 4 + 0.2 * 3 = 3.8.
  @Test func expectedSarsaCountsThemAll() throws {
    var learner = sarsa(isExpected: true)
    var random = RandomStream(seed: 1)
    #expect(!learner.needsNextAction)
    #expect(abs(learner.learn(from: step, nextAction: nil, using: &random) - (2 + 0.9 * 3.8)) < 1e-12)
    var end = step
    (end.state, end.action, end.terminates) = (1, 0, true)
    #expect(abs(learner.learn(from: end, nextAction: nil, using: &random) - 1) < 1e-12)
    // without exploration it is Q-learning
    var greedy = sarsa(isExpected: true, epsilon: 0)
    #expect(abs(greedy.learn(from: step, nextAction: nil, using: &random) - (2 + 0.9 * 4)) < 1e-12)
  }

  /// The table that learns chooses, the other one says what the choice is worth, and each learns half of the time.
  @Test func doubleQLearningSeparatesChoiceAndWorth() throws {
    var learner = DoubleTabularQ(Self.settings(), states: 2, actions: 3)
    learner.tables = ([0, 0, 0, 1, 5, 2], [0, 0, 0, 7, 3, 6])
    var (counts, random) = ([0, 0], RandomStream(seed: 2))
    for _ in 0..<2000 {
      var fresh = learner
      let error = fresh.learn(from: step, nextAction: nil, using: &random)
      let (first, second) = fresh.tables
      // first chooses action 1, worth 3 in second; second chooses action 0, worth 1 in first
      if first[2] != 0 {
        #expect(abs(error - (2 + 0.9 * 3)) < 1e-12 && second[2] == 0 && abs(first[2] - error / 2) < 1e-12)
        counts[0] += 1
      } else {
        #expect(abs(error - (2 + 0.9 * 1)) < 1e-12 && abs(second[2] - error / 2) < 1e-12)
        counts[1] += 1
      }
    }
    let test = OracleUniformity(counts)
    #expect(test.holds, "\(test)")
    // acting by the sum: 8, 8, 8 are equal; then action 1 leads
    var chosen = [0, 0, 0]
    for _ in 0..<600 { chosen[learner.act(in: 1, explore: false, using: &random)] += 1 }
    #expect(OracleUniformity(chosen).holds)
  }
}
