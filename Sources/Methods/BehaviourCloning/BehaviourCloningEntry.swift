import Configuration
import Kernels
import Laboratory
import Learners

extension AgentEntry {
  /// Behaviour cloning; experts are agents of `registry`.
  public static func behaviourCloning(experts registry: @escaping @Sendable () -> Registry) -> AgentEntry {
    AgentEntry(
      "behaviour-cloning", summary: "behaviour cloning: a policy fitted to an expert's decisions, any actions",
      secondsPerStep: 2e-4, tiny: imitationTiny, singleCopyReason: imitationReason,
      make: { (settings: BehaviourCloningSettings, environment, random) throws(ConfigurationError) in
        try settings.learner.policy.check(in: environment, path: "learner.policy")
        let (spec, draws) = (environment.spec, random.child("agent"))
        let learner = PolicyCloning(settings.learner, spec: spec, using: random.child("learner"))
        let expert = try settings.expert.make(in: environment, from: registry(), using: random.child("expert"))
        switch (settings.agent.dataset, expert) {
        case (let path?, nil):
          let decisions = try ExpertDecisions(contentsOf: path, for: spec, key: "agent.dataset")
          return ImitationAgent(
            interval: settings.agent.steps, decisions: decisions, learner: learner, spec: spec, using: draws)
        case (nil, let expert?):
          return ImitationAgent(
            interval: settings.agent.steps, expertShare: 1, expert: expert, learner: learner, spec: spec, using: draws)
        case (nil, nil):
          throw ConfigurationError(
            kind: .relation, key: "expert.run",
            problem: "behaviour-cloning needs someone to imitate: set expert.run, expert.agent or agent.dataset")
        case (let path?, .some):
          throw ConfigurationError(
            kind: .relation, key: "agent.dataset", value: path, problem: "cannot be set together with an expert")
        }
      })
  }

  /// A run for checks of what imitates.
  static let imitationTiny = TinyRun(
    in: "point-mass",
    [
      "expert.agent=ilqr", "agent.steps=20", "learner.batch_size=16", "learner.epochs=2", "learner.policy.hidden=[8,8]",
      "environment.step_limit=15",
    ])
  static let imitationReason = "an expert's plans are saved for one copy only"
}
