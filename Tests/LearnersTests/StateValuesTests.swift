import Kernels
import Learners
import Testing

/// Policy evaluation on Sutton and Barto's random walks (2018, examples 6.2 and 7.1), whose values are known: from the
/// middle, a step to either side with probability 1/2, and the end on the right pays 1.
@Suite struct StateValuesTests {
  /// One walk's steps over `size` states; the left end pays `left`.
  private func walk(_ size: Int, left: Double, using random: inout RandomStream) -> [(Int, Double, Int?)] {
    var (state, steps) = (size / 2, [(Int, Double, Int?)]())
    while true {
      let next = random.uniform() < 0.5 ? state - 1 : state + 1
      guard (0..<size).contains(next) else {
        steps.append((state, next < 0 ? left : 1, nil))
        return steps
      }
      steps.append((state, 0, next))
      state = next
    }
  }

  /// Exact values: the probability of the right end, and with `left` pay that of the left one.
  private func exact(_ size: Int, left: Double) -> [Double] {
    (1...size).map { Double($0) / Double(size + 1) * (1 - left) + left }
  }

  private func rootMeanSquare(_ values: [Double], _ wanted: [Double]) -> Double {
    (zip(values, wanted).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(values.count)).squareRoot()
  }

  /// Two steps by hand: discount 0.5, step size 0.1, lambda 0.8, from values of 1.
  @Test func stepsAreThoseByHand() {
    var learner = StateValues(states: 2, initial: 1, stepSize: 0.1, discount: 0.5, lambda: 0.8)
    learner.observe(0, reward: 2, next: 1)
    // delta = 2 + 0.5 - 1 = 1.5
    #expect(learner.values == [1.15, 1])
    learner.observe(1, reward: 3, next: nil)
    // delta = 3 - 1 = 2, traces 0.4 and 1
    #expect(abs(learner.values[0] - 1.23) < 1e-12 && abs(learner.values[1] - 1.2) < 1e-12)
    learner.observe(0, reward: 0, next: nil)
    // traces began anew
    #expect(abs(learner.values[0] - 0.9 * 1.23) < 1e-12 && abs(learner.values[1] - 1.2) < 1e-12)
  }

  /// A state visited twice in a row has a trace of 1 + discount * lambda, or of 1.
  @Test(arguments: EligibilityTrace.allCases) func tracesGrow(_ trace: EligibilityTrace) {
    var learner = StateValues(states: 1, stepSize: 0.5, discount: 1, lambda: 0.5, trace: trace, update: .offline)
    learner.observe(0, reward: 0, next: 0)
    learner.observe(0, reward: 1, next: nil)
    #expect(learner.values == [trace == .accumulating ? 0.75 : 0.5])
  }

  /// Offline TD(1) is Monte Carlo, also where discounts and repeated visits matter; TD(0.9) and online TD(1) are not.
  @Test func offlineLambdaOneIsMonteCarlo() {
    var random = RandomStream(seed: 1).child("walks")
    var temporal = StateValues(states: 5, initial: 0.5, stepSize: 0.2, discount: 0.9, lambda: 1, update: .offline)
    var less = StateValues(states: 5, initial: 0.5, stepSize: 0.2, discount: 0.9, lambda: 0.9, update: .offline)
    var online = StateValues(states: 5, initial: 0.5, stepSize: 0.2, discount: 0.9, lambda: 1)
    var carlo = MonteCarloValues(states: 5, initial: 0.5, stepSize: 0.2, discount: 0.9)
    for _ in 0..<20 {
      for (state, reward, next) in walk(5, left: 0, using: &random) {
        temporal.observe(state, reward: reward, next: next)
        less.observe(state, reward: reward, next: next)
        online.observe(state, reward: reward, next: next)
        carlo.observe(state, reward: reward, isLast: next == nil)
      }
      #expect(rootMeanSquare(temporal.values, carlo.values) < 1e-12)
    }
    #expect(rootMeanSquare(less.values, carlo.values) > 1e-3 && rootMeanSquare(online.values, carlo.values) > 1e-3)
  }

  /// With a small step size all come to the exact values from far away, in the mean over the later walks.
  @Test(arguments: [0, 0.5, 0.9, 1]) func valuesComeToTheExactOnes(_ lambda: Double) {
    for (size, left) in [(5, 0.0), (19, -1)] {
      let wanted = exact(size, left: left)
      var random = RandomStream(seed: 2).child("walks")
      let stepSize = 0.002 + 0.05 * (1 - lambda)
      var learner = StateValues(states: size, initial: 0.5, stepSize: stepSize, discount: 1, lambda: lambda)
      let before = rootMeanSquare(learner.values, wanted)
      var means = [Double](repeating: 0, count: size)
      for episode in 0..<30_000 {
        for (state, reward, next) in walk(size, left: left, using: &random) {
          learner.observe(state, reward: reward, next: next)
        }
        guard episode >= 15_000 else { continue }
        for s in means.indices { means[s] += learner.values[s] / 15_000 }
      }
      let after = rootMeanSquare(means, wanted)
      #expect(after < 0.04 && after < before / 5, "\(size) states: \(before) before, \(after) after")
    }
  }

  /// The book's comparison over the first ten walks (figures 7.2 and 12.6): with the best step size of each, lambda 0.8
  /// has a smaller error than 0 and than 1.
  @Test func lambdaBetweenTheExtremesIsBest() {
    let wanted = exact(19, left: -1)
    func best(_ lambda: Double) -> Double {
      [0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1].map { stepSize in
        var total = 0.0
        for repetition in 0..<100 {
          var random = RandomStream(seed: 3).child(repetition)
          var learner = StateValues(states: 19, stepSize: stepSize, discount: 1, lambda: lambda)
          for _ in 0..<10 {
            for (state, reward, next) in walk(19, left: -1, using: &random) {
              learner.observe(state, reward: reward, next: next)
            }
            total += rootMeanSquare(learner.values, wanted) / 1000
          }
        }
        return total.isFinite ? total : .infinity
      }.min() ?? .infinity
    }
    let (none, some, all) = (best(0), best(0.8), best(1))
    #expect(some < none - 0.02 && some < all - 0.02, "\(none), \(some), \(all)")
  }

  /// The lambda-return algorithm by hand: from 0 to 1, back to 0, and out; discount 0.5, lambda 0.5.
  @Test func visitsFollowTheirLambdaReturns() {
    var learner = StateValues(
      states: 2, initial: 1, stepSize: 0.5, discount: 0.5, lambda: 0.5, update: .lambdaReturn)
    learner.observe(0, reward: 1, next: 1)
    learner.observe(1, reward: 2, next: 0)
    #expect(learner.values == [1, 1])
    learner.observe(0, reward: 3, next: nil)
    // returns 3, 2 + 0.5 (0.5 * 1 + 0.5 * 3) = 3 and 1 + 0.5 (0.5 * 1 + 0.5 * 3) = 2
    // state 0: 1 to 1.5 by the first visit, to 2.25 by the last; state 1: to 2
    #expect(learner.values == [2.25, 2])
    // cut off after a step, it bootstraps: 0 + 0.5 * 2
    learner.observe(0, reward: 0, next: 1)
    learner.endEpisode()
    #expect(learner.values == [1.625, 2])
  }
}
