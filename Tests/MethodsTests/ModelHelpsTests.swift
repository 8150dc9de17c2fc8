import Methods
import Environments
import Interfaces
import Kernels
import Learners
import Models
import TestSupport
import Testing

/// What models are for: after the same few real steps, an agent with a learned model is far ahead of the learner inside it,
/// and with the model's weights permuted it is not.
@Suite struct ModelHelpsTests {
  private static let task = PointMass.short(25)
  private static func learner(_ seed: UInt64) -> SoftActorCritic {
    var settings = SoftActorCriticSettings()
    settings.suitPointMass()
    return SoftActorCritic(settings, for: task.spec, using: RandomStream(seed: seed).child("learner"))
  }

  private static func world(_ seed: UInt64, shuffled: Bool) -> KnownRewards<ProbabilisticEnsemble> {
    var settings = EnsembleSettings()
    (settings.members, settings.hidden, settings.weightDecay) = (2, [32], [1e-6])
    (settings.epochs, settings.learningRate, settings.holdout) = (40, 3e-3, 0)
    settings.shuffled = shuffled
    let model = ProbabilisticEnsemble(
      settings, stateSize: 4, actionSize: 2, using: RandomStream(seed: seed).child("model"))
    return KnownRewards(model, task.objective)
  }

  /// Cost relative to the optimum after `steps` real steps, the median of three seeds.
  private static func cost<Player: Agent>(after steps: Int, _ make: (UInt64) -> Player) throws -> Double {
    let costs = try (UInt64(1)...3).map { seed in
      var runner = AgentRunner(make(seed), in: task, seed: seed)
      try runner.collect(steps)
      return try runner.relativeCost(episodes: 8).ratio
    }
    return costs.sorted()[1]
  }

  private static func check<Player: Agent>(
    _ name: String, after steps: Int, _ make: (UInt64, Bool) -> Player
  ) throws {
    var settings = OffPolicySettings()
    (settings.replayCapacity, settings.batchSize, settings.randomSteps) = (1000, 64, 50)
    let alone = try cost(after: steps) {
      OffPolicyAgent(settings, learner: learner($0), spec: task.spec, using: RandomStream(seed: $0).child("agent"))
    }
    let (learned, shuffled) = (
      try cost(after: steps) { make($0, false) }, try cost(after: steps) { make($0, true) }
    )
    #expect(learned < alone / 1.5, "\(name): cost \(learned) with a model, \(alone) without")
    #expect(shuffled > 1.5 * learned, "\(name): cost \(learned) with a model, \(shuffled) with permuted weights")
  }

  @Test func dynaIsAheadOfItsLearner() throws {
    var settings = DynaSettings()
    (settings.replayCapacity, settings.batchSize, settings.randomSteps) = (1000, 64, 50)
    (settings.fitInterval, settings.imaginedUpdates, settings.rolloutSteps) = (50, 20, 3)
    try Self.check("Dyna", after: 300) { seed, shuffled in
      DynaAgent(
        settings, learner: Self.learner(seed), world: Self.world(seed, shuffled: shuffled), spec: Self.task.spec,
        using: RandomStream(seed: seed).child("agent"))
    }
  }

  @Test func policyOptimizationIsAheadOfItsLearner() throws {
    var settings = ModelBasedPolicyOptimizationSettings()
    (settings.replayCapacity, settings.batchSize, settings.randomSteps) = (1000, 64, 50)
    (settings.fitInterval, settings.updates, settings.rollouts) = (25, 40, 1000)
    settings.rolloutSchedule = [0, 0, 3, 3]
    try Self.check("MBPO", after: 300) { seed, shuffled in
      ModelBasedPolicyOptimization(
        settings, learner: Self.learner(seed), world: Self.world(seed, shuffled: shuffled), spec: Self.task.spec,
        using: RandomStream(seed: seed).child("agent"))
    }
  }

  @Test func valueExpansionIsAheadOfItsLearner() throws {
    var settings = ModelBasedValueExpansionSettings()
    (settings.replayCapacity, settings.batchSize, settings.randomSteps) = (1000, 64, 50)
    (settings.fitInterval, settings.updates, settings.horizon) = (50, 4, 8)
    try Self.check("MVE", after: 250) { seed, shuffled in
      ModelBasedValueExpansion(
        settings, learner: Self.learner(seed), world: Self.world(seed, shuffled: shuffled), spec: Self.task.spec,
        using: RandomStream(seed: seed).child("agent"))
    }
  }
}
