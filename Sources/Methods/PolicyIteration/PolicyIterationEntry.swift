import Configuration
import Interfaces
import Laboratory
import Models

/// Settings of the agent `policy-iteration`.
struct PolicyIterationSettings: Configuration {
  init() {}
  @SettingGroup("Planning") var agent = DynamicProgrammingSettings()
  @SettingGroup("Policy evaluation") var planner = EvaluationSettings()
}

/// How policies are evaluated.
struct EvaluationSettings: Configuration {
  init() {}
  @Setting(
    "Sweeps in which a policy is evaluated (modified policy iteration); auto solves for its values", in: 1...100_000)
  var sweeps: Int? = nil
}

extension AgentEntry {
  /// Policy iteration in a known or learned process.
  public static let policyIteration = AgentEntry(
    "policy-iteration", summary: "policy iteration in a known or learned Markov decision process",
    secondsPerStep: 1e-6,
    tiny: TinyRun(in: "chain", ["environment.step_limit=30", "agent.world=learned", "agent.plan_interval=20"]),
    resolve: { (settings: inout PolicyIterationSettings, environment) throws(ConfigurationError) in
      if settings.planner.sweeps == nil && settings.agent.discount == 1 {
        throw ConfigurationError(
          kind: .relation, key: "agent.discount", value: "1",
          problem: "must be below 1 where policies are solved for, since one that never ends has no values; or set "
            + "planner.sweeps")
      }
      if settings.planner.sweeps == nil && environment.spec.observationSize > 5000 {
        throw ConfigurationError(
          kind: .relation, key: "planner.sweeps",
          problem: "must be set with more than 5000 states, of which a direct solution needs the square in memory")
      }
    },
    make: { settings, environment, _ throws(ConfigurationError) in
      try dynamicProgramming(settings.agent, in: environment, name: "policy-iteration") { process in
        try? process.policyIteration(
          discount: settings.agent.discount, sweeps: settings.planner.sweeps, tolerance: settings.agent.tolerance)
      }
    })
}
