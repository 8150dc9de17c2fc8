import Interfaces
import Kernels
import Learners
import TestSupport
import Testing

/// Noise of deterministic policies, seen in their actions.
@Suite struct ExplorationNoiseTests {
  /// Actions of a policy that says 0 everywhere, in units of half the range.
  private static func noise(
    _ kind: ExplorationNoiseSettings.Kind, scale: Float, count: Int, episode: Int
  ) -> [Double] {
    var settings = DeterministicActorCriticSettings()
    settings.hidden = [4]
    settings.noise.kind = kind
    settings.noise.scale = scale
    settings.noise.decay = 0.2
    var learner = DeterministicActorCritic(
      settings, observationSize: 1, low: [-3], high: [3], using: RandomStream(seed: 1))
    var (random, action): (RandomStream, [Float]) = (RandomStream(seed: 2), [0])
    return (0..<count).map { step in
      if step % episode == 0 { learner.startEpisode(of: 0) }
      // biases are 0, so that the network's output at 0 is, too
      learner.act(on: [0], explore: true, using: &random, action: &action)
      return Double(action[0]) / 3
    }
  }

  private static func correlation(_ x: [Double], lag: Int) -> Double {
    let pairs = zip(x, x.dropFirst(lag))
    return pairs.reduce(0) { $0 + $1.0 * $1.1 } / x.reduce(0) { $0 + $1 * $1 }
  }

  @Test func gaussianNoiseIsIndependent() {
    let x = Self.noise(.gaussian, scale: 0.1, count: 50_000, episode: 50_000)
    let deviation = (x.reduce(0) { $0 + $1 * $1 } / Double(x.count)).squareRoot()
    #expect(abs(deviation / 0.1 - 1) < 0.02 && abs(Self.correlation(x, lag: 1)) < 0.02)
  }

  /// Standard deviation as set, correlation 0.8 to the power of the lag.
  @Test func ornsteinUhlenbeckNoiseIsCorrelated() {
    let x = Self.noise(.ornsteinUhlenbeck, scale: 0.1, count: 200_000, episode: 200_000)
    let deviation = (x.reduce(0) { $0 + $1 * $1 } / Double(x.count)).squareRoot()
    #expect(abs(deviation / 0.1 - 1) < 0.03, "\(deviation)")
    for (lag, expected) in [(1, 0.8), (2, 0.64), (5, 0.328)] {
      let found = Self.correlation(x, lag: lag)
      #expect(abs(found - expected) < 0.02, "lag \(lag): \(found)")
    }
  }

  /// An episode starts from no noise: the first has variance 1 - 0.8² of the long run's.
  @Test func episodesStartAnew() {
    let x = Self.noise(.ornsteinUhlenbeck, scale: 0.1, count: 60_000, episode: 3)
    let first = stride(from: 0, to: x.count, by: 3).map { x[$0] * x[$0] }
    let variance = first.reduce(0, +) / Double(first.count)
    #expect(abs(variance / (0.01 * 0.36) - 1) < 0.04, "\(variance)")
  }

  @Test func actionsStayWithinTheBounds() {
    let x = Self.noise(.gaussian, scale: 2, count: 2000, episode: 100)
    #expect(x.allSatisfy { abs($0) <= 1 } && x.contains(1) && x.contains(-1))
  }
}
