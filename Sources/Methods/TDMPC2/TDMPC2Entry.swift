import Configuration
import Interfaces
import Kernels
import Laboratory
import Learners

extension AgentEntry {
  /// Plans in a learned latent world with a learned value.
  public static let latentModelPredictiveControl = AgentEntry(
    "td-mpc2", summary: "TD-MPC2: plans in a learned latent world with learned values at the end",
    secondsPerStep: 0.1,
    tiny: TinyRun(
      in: "Pendulum-v1",
      [
        "agent.batch_size=16", "agent.random_steps=20", "agent.first_updates=5", "agent.replay_capacity=90",
        "learner.latent=16", "learner.encoder_hidden=[16]", "learner.hidden=[16,16]", "learner.bins=21",
        "planner.population=32", "planner.policy_plans=4", "planner.elites=8", "planner.iterations=2",
        "environment.step_limit=30",
      ]),
    defaults: TDMPC2Settings(),
    resolve: { settings, environment throws(ConfigurationError) in
      _ = try continuous(environment, for: "td-mpc2")
      try check(settings)
    },
    make: { settings, environment, random throws(ConfigurationError) in
      let spec = environment.spec
      return TDMPC2Agent(
        settings.agent, planner: settings.planner,
        learner: TDMPC2(settings.learner, for: spec, using: random.child("learner")), spec: spec,
        using: random.child("agent"))
    })

  private static func check(_ settings: TDMPC2Settings) throws(ConfigurationError) {
    let (learner, planner) = (settings.learner, settings.planner)
    func refuse(_ key: String, _ value: Int, _ problem: String) -> ConfigurationError {
      ConfigurationError(kind: .relation, key: key, value: "\(value)", problem: problem)
    }
    guard learner.latent % learner.simplex == 0 else {
      throw refuse("learner.simplex", learner.simplex, "must divide learner.latent, \(learner.latent)")
    }
    guard !learner.hidden.isEmpty, !learner.encoderHidden.isEmpty else {
      throw ConfigurationError("learner.hidden", "and learner.encoder_hidden need a hidden layer at least")
    }
    guard learner.logStdMin < learner.logStdMax else {
      throw ConfigurationError("learner.log_std_min", "must be less than learner.log_std_max, \(learner.logStdMax)")
    }
    guard planner.elites <= planner.population else {
      throw refuse("planner.elites", planner.elites, "must be at most planner.population, \(planner.population)")
    }
    guard planner.policyPlans < planner.population else {
      throw refuse(
        "planner.policy_plans", planner.policyPlans, "must be less than planner.population, \(planner.population)")
    }
    guard planner.stdMin <= planner.stdMax else {
      throw ConfigurationError("planner.std_min", "must be at most planner.std_max, \(planner.stdMax)")
    }
  }
}
