import Configuration
import Kernels
import Laboratory
import Learners

extension AgentEntry {
  /// Dataset aggregation; experts are agents of `registry`.
  public static func datasetAggregation(experts registry: @escaping @Sendable () -> Registry) -> AgentEntry {
    AgentEntry(
      "dagger", summary: "DAgger: an expert is asked at the states that its clone comes to, any actions",
      secondsPerStep: 2e-4, tiny: imitationTiny, singleCopyReason: imitationReason,
      make: { (settings: DAggerSettings, environment, random) throws(ConfigurationError) in
        try settings.learner.policy.check(in: environment, path: "learner.policy")
        guard let expert = try settings.expert.make(in: environment, from: registry(), using: random.child("expert"))
        else {
          throw ConfigurationError(
            kind: .relation, key: "expert.run",
            problem: "dagger needs an expert to ask: set expert.run or expert.agent")
        }
        return ImitationAgent(
          interval: settings.agent.steps, expertShare: settings.agent.expertDecay, expert: expert,
          learner: PolicyCloning(settings.learner, spec: environment.spec, using: random.child("learner")),
          spec: environment.spec, using: random.child("agent"))
      })
  }
}
