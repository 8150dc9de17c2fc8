import Configuration
import Kernels
import Laboratory
import Learners

extension AgentEntry {
  /// Double Q-learning in two tables.
  public static let doubleQLearning = AgentEntry(
    "double-q-learning", summary: "double Q-learning in two tables, for numbered states and actions",
    secondsPerStep: 1e-6, tiny: TinyRun(in: "chain", ["environment.step_limit=30"])
  ) { (settings: QLearningSettings, environment, random) throws(ConfigurationError) in
    let sizes = try NumberedStates(of: environment, for: "double-q-learning")
    return TabularControlAgent(
      DoubleTabularQ(settings.learner, states: sizes.states, actions: sizes.actions), using: random.child("agent"))
  }
}
