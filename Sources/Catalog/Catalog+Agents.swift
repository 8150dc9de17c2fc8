import Laboratory
import Methods

extension Catalog {
  static let agents: [AgentEntry] = [
    AgentEntry.pets(everything),
    [
      .modelPredictiveControl(everything), .gaussianProcessPlanning(everything), .policyBackpropagation, .mcPILCO,
      .pilco, .loop, .latentModelPredictiveControl, .sac, .redq, .droq,
      .crossQ, .td3, .ddpg, .cql, .iql, .naf, .nafWorkers, .maximizedQ, .qtOpt, .reinforce,
      .actorCritic, .advantageActorCritic, .naturalPolicyGradient, .trustRegionPolicyOptimization,
      .proximalPolicyOptimization, .klPenalty, .behaviourCloning(experts: everything),
      .datasetAggregation(experts: everything), .mbpo, .mopo,
    ],
    AgentEntry.imaginedPolicyOptimization,
    AgentEntry.deepQ,
    AgentEntry.valueExpansion,
    AgentEntry.dyna,
    [
      .modelBasedAcceleration, .policyIteration, .valueIteration, .tdLambda, .sarsa, .qLearning, .doubleQLearning,
      .fittedQ, .dynaQ, .iterativeLQR(everything), .localModels(everything),
      .guidedByMultipliers(everything), .guidedByMirrorDescent(everything), .distill, .distillDeepQ,
      .divideAndConquer, .distral, .random,
    ],
  ].flatMap { $0 }

  /// What agents look up, such as a saved run's agent, once they are made.
  private static let everything: @Sendable () -> Registry = { registry }
}
