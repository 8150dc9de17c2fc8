import Foundation
import Interfaces
import Kernels
import Learners
import Networks
import TestSupport
import Testing

/// TD3 and DDPG: whole updates against the naive ones, and tasks whose solution is known.
@Suite struct DeterministicActorCriticTests {
  /// Settings and a batch: of less than a block of 128 rows, of one, of one and a part.
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var batch: Int
    var change: @Sendable (inout DeterministicActorCriticSettings) -> Void
    var testDescription: String { "\(name), \(batch) rows" }
  }

  static let cases = [
    Case(name: "td3", batch: 7) { $0.activation = .tanh },
    Case(name: "td3, strong noise, three critics", batch: 130) {
      $0.critics = 3
      $0.targetNoise = 1
      $0.policyDelay = 3
      $0.activation = .silu
    },
    Case(name: "ddpg", batch: 128) {
      $0 = .deepDeterministic
      $0.activation = .tanh
    },
    Case(name: "normalized", batch: 60) {
      $0.layerNormalization = true
      $0.policyDelay = 1
    },
  ]

  @Test(arguments: cases) func updatesAreTheNaiveOnes(_ test: Case) throws {
    var learner = try Cases.deterministic {
      test.change(&$0)
      $0.hidden = [5, 4]
      $0.actorLearningRate = 1e-3
      $0.criticLearningRate = 2e-3
      $0.discount = 0.9
      $0.tau = 0.1
    }
    var naive = NaiveDeterministicActorCritic(learner)
    var random = RandomStream(seed: 3)
    for update in 1...6 {
      let batch = Cases.batch(test.batch, seed: UInt64(update))
      var (stream, noise) = (random, Vector(count: test.batch * Cases.low.count))
      stream.fillNormal(&noise)
      var metrics = MetricRow(names: DeterministicActorCritic.metricNames)
      try learner.update(on: batch, using: &random, metrics: &metrics)
      let losses = naive.update(batch, noise: noise.elements)
      for (name, parameters, expected) in [
        ("actor", learner.core.actor, naive.actor),
        ("actor target", try #require(learner.core.actorTarget), naive.actorTarget),
        ("critics", learner.core.criticParameters, naive.critics),
        ("critic targets", learner.core.criticTargets, naive.criticTargets),
      ] {
        let worst = worstGap(parameters.doubles, expected)
        #expect(worst < 1e-5, "\(name) is off by \(worst) after \(update) updates")
      }
      let critic = try #require(metrics.mean(of: "critic_loss"))
      #expect(abs(critic - losses.critic) < 1e-5 * max(1, losses.critic))
      if let expected = losses.actor {
        let actor = try #require(metrics.mean(of: "actor_loss"))
        #expect(abs(actor - expected) < 1e-5 * max(1, abs(expected)))
      } else {
        #expect(metrics.mean(of: "actor_loss") == nil)
      }
    }
  }

  /// One decision in state s earns -10 (a - (1.2 s - 1))²: the learned action is within 0.15 of the best in a range of 4.
  @Test(arguments: [1, 2], [UInt64(1), 2, 3]) func findsTheBestActionOfAQuadraticBandit(
    _ critics: Int, _ seed: UInt64
  ) throws {
    var (settings, random) = (DeterministicActorCriticSettings(), RandomStream(seed: seed))
    settings.critics = critics
    settings.hidden = [32, 32]
    settings.actorLearningRate = 3e-3
    settings.criticLearningRate = 3e-3
    let (low, high): (Float, Float) = (-3, 1)
    var learner = DeterministicActorCritic(
      settings, observationSize: 1, low: [low], high: [high], using: random.child("learner"))
    try Bandit.train(&learner, low: low, high: high, updates: 3000, using: &random)
    let worst = Bandit.worstAction(&learner)
    #expect(worst < 0.15, "an action is off by \(worst)")
  }
}

/// One decision in state s in [-1, 1] earns -10 (a - (1.2 s - 1))².
enum Bandit {
  static func best(_ state: Float) -> Float { 1.2 * state - 1 }

  static func train<Learner: OffPolicyLearner>(
    _ learner: inout Learner, low: Float, high: Float, updates: Int, using random: inout RandomStream
  ) throws {
    var metrics = MetricRow(names: Learner.metricNames)
    var batch = TransitionBatch(count: 64, observationSize: 1, actionSize: 1)
    for _ in 0..<updates {
      for row in 0..<64 {
        let (state, action) = (random.uniform(-1, 1), random.uniform(low, high))
        batch.observations[row, 0] = state
        batch.actions[row, 0] = action
        batch.rewards[row] = -10 * (action - best(state)) * (action - best(state))
      }
      try learner.update(on: batch, using: &random, metrics: &metrics)
    }
  }

  /// Largest distance of the learner's action from the best.
  static func worstAction(_ learner: inout some OffPolicyLearner) -> Float {
    var (action, random): ([Float], RandomStream) = ([0], RandomStream(seed: 0))
    return [Float(-0.9), -0.3, 0.4, 0.9].map { state in
      learner.act(on: [state], explore: false, using: &random, action: &action)
      return abs(action[0] - best(state))
    }.max() ?? .infinity
  }
}
