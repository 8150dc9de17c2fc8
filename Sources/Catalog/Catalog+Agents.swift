import Laboratory
import Methods

extension Catalog {
  static let agents: [AgentEntry] = [
    AgentEntry.pets(everything),
    [
      .modelPredictiveControl(everything), .policyBackpropagation, .sac, .td3, .ddpg, .naf, .reinforce,
      .actorCritic, .advantageActorCritic, .naturalPolicyGradient, .trustRegionPolicyOptimization,
      .proximalPolicyOptimization, .klPenalty, .behaviourCloning(experts: everything),
      .datasetAggregation(experts: everything), .mbpo,
    ],
    AgentEntry.deepQ,
    AgentEntry.valueExpansion,
    AgentEntry.dyna,
    [
      .modelBasedAcceleration, .qLearning, .dynaQ, .iterativeLQR, .localModels(everything),
      .guidedByMultipliers(everything), .guidedByMirrorDescent(everything), .distill, .distillDeepQ,
      .divideAndConquer, .distral, .random,
    ],
  ].flatMap { $0 }

  /// What agents look up, such as a saved run's agent, once they are made.
  private static let everything: @Sendable () -> Registry = { registry }
}
