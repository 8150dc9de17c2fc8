import Configuration
import Laboratory

extension AgentEntry {
  /// Q-learning in a table: Dyna-Q without imagined steps.
  public static let qLearning = AgentEntry(
    "q-learning", summary: "Q-learning in a table, for numbered states and actions", secondsPerStep: 1e-6,
    tiny: TinyRun(in: "chain", ["environment.step_limit=30"])
  ) { (settings: QLearningSettings, environment, random) throws(ConfigurationError) in
    var dyna = DynaQAgentSettings()
    dyna.agent.planningSteps = 0
    dyna.learner = settings.learner
    return try tabularDyna(dyna, environment, random, name: "q-learning")
  }
}
