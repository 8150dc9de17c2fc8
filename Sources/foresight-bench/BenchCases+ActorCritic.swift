import Experience
import Interfaces
import Kernels
import Learners

/// Updates of relatives of soft actor-critic, of the sizes of `sac-update`.
extension BenchCase {
  /// Twin-delayed DDPG: the policy learns at every second update.
  static let twinDelayedUpdate = BenchCase(
    name: "td3-update", summary: "TD3 update: observation 17, action 6, 256x256 relu, batch 256"
  ) { clock in
    try measureUpdates("td3-update", clock) {
      DeterministicActorCritic(
        DeterministicActorCriticSettings(), observationSize: observations, low: low, high: high, using: $0)
    }
  }

  /// DDPG: one critic, and the policy learns at every update.
  static let deepDeterministicUpdate = BenchCase(
    name: "ddpg-update", summary: "DDPG update: observation 17, action 6, 256x256 relu, batch 256"
  ) { clock in
    try measureUpdates("ddpg-update", clock) {
      DeterministicActorCritic(.deepDeterministic, observationSize: observations, low: low, high: high, using: $0)
    }
  }

  /// REDQ: targets of two critics out of ten, and an actor that ascends the mean of all ten at every update.
  static let randomizedUpdate = BenchCase(
    name: "redq-update", summary: "REDQ update: 10 critics, observation 17, action 6, 256x256 relu, batch 256"
  ) { clock in
    var settings = SoftActorCriticSettings()
    (settings.critics, settings.targetCritics, settings.ascent) = (10, 2, .mean)
    return try measureUpdates("redq-update", clock, updates: 10) {
      SoftActorCritic(settings, observationSize: observations, low: low, high: high, using: $0)
    }
  }

  private static let observations = 17
  private static let low = [Float](repeating: -1, count: 6)
  private static let high = [Float](repeating: 1, count: 6)

  /// Updates on batches of 256, drawn from 100,000 transitions inside the loop.
  private static func measureUpdates<Learner: OffPolicyLearner>(
    _ name: String, _ clock: BenchClock, updates: Int = 20, _ make: (RandomStream) -> Learner
  ) throws -> Measurement {
    let replay = randomReplay(100_000, observations: observations, actions: low.count)
    var learner = make(RandomStream(seed: 1))
    var batch = TransitionBatch(count: 256, observationSize: observations, actionSize: low.count)
    var (random, metrics) = (RandomStream(seed: 2), MetricRow(names: Learner.metricNames))
    return try clock.measure(name, metric: "updates", unit: "updates/s", amount: Double(updates)) {
      for _ in 0..<updates {
        replay.sample(into: &batch, using: &random)
        try learner.update(on: batch, using: &random, metrics: &metrics)
      }
    }
  }
}
