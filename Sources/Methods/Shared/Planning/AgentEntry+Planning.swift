import Interfaces
import Kernels
import Laboratory

extension AgentEntry {
  /// An agent that plans in `world`, with a `prior` over plans or without, after episodes of `base`, nil being random actions.
  static func planningAgent(
    _ settings: PlanningSettings, _ planner: some Planner, in world: some LearnedWorld,
    prior: (any PlanPrior)? = nil, base: (any Agent)?, _ spec: EnvironmentSpec, _ random: RandomStream
  ) -> any Agent {
    PlanningAgent(
      settings, world: world, planner: planner, prior: prior, base: base, spec: spec, using: random.child("agent"))
  }
}
