import Configuration
import Laboratory
import Models

/// Settings of the agent `value-iteration`.
struct ValueIterationSettings: Configuration {
  init() {}
  @SettingGroup("Planning") var agent = DynamicProgrammingSettings()
  @SettingGroup("Value iteration") var planner = SweepSettings()
}

/// How long value iteration goes on.
struct SweepSettings: Configuration {
  init() {}
  @Setting("Most sweeps over all states in a plan", in: 1...10_000_000) var sweeps: Int = 100_000
}

extension AgentEntry {
  /// Value iteration in a known or learned process.
  public static let valueIteration = AgentEntry(
    "value-iteration", summary: "value iteration in a known or learned Markov decision process",
    secondsPerStep: 1e-6,
    tiny: TinyRun(in: "chain", ["environment.step_limit=30", "agent.world=learned", "agent.plan_interval=20"])
  ) { (settings: ValueIterationSettings, environment, _) throws(ConfigurationError) in
    try dynamicProgramming(settings.agent, in: environment, name: "value-iteration") { process in
      process.optimalValues(
        discount: settings.agent.discount, tolerance: settings.agent.tolerance, limit: settings.planner.sweeps)
    }
  }
}
