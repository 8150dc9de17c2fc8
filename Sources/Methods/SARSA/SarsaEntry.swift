import Configuration
import Kernels
import Laboratory
import Learners

/// Settings of the agent `sarsa`.
struct SarsaAgentSettings: Configuration {
  init() {}
  @SettingGroup("Method") var agent = SarsaSettings()
  @SettingGroup("Action values") var learner = TabularQSettings()
}

/// What targets of SARSA count.
struct SarsaSettings: Configuration {
  init() {}
  @Setting("Targets count the expectation over the next action (expected SARSA), not the one that is taken")
  var expected: Bool = false
}

extension AgentEntry {
  /// SARSA and expected SARSA in a table.
  public static let sarsa = AgentEntry(
    "sarsa", summary: "SARSA or expected SARSA in a table, for numbered states and actions", secondsPerStep: 1e-6,
    tiny: TinyRun(in: "chain", ["environment.step_limit=30"])
  ) { (settings: SarsaAgentSettings, environment, random) throws(ConfigurationError) in
    let sizes = try NumberedStates(of: environment, for: "sarsa")
    return TabularControlAgent(
      Sarsa(
        settings.learner, isExpected: settings.agent.expected, states: sizes.states, actions: sizes.actions),
      using: random.child("agent"))
  }
}
