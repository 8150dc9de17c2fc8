import Configuration
import Interfaces
import Kernels
import Laboratory
import Learners
import Models

extension AgentEntry {
  /// Q-learning in a table with imagined steps.
  public static let dynaQ = AgentEntry(
    "dyna-q", summary: "tabular Dyna-Q and Dyna-Q+: Q-learning with imagined steps in a learned model",
    secondsPerStep: 3e-6,
    tiny: TinyRun(
      in: "chain", ["environment.step_limit=30", "agent.planning_steps=3", "agent.kappa=0.01", "model.kind=empirical"])
  ) { (settings: DynaQAgentSettings, environment, random) throws(ConfigurationError) in
    try tabularDyna(settings, environment, random, name: "dyna-q")
  }

  /// The agent `name`, in an environment with numbered states and actions.
  static func tabularDyna(
    _ settings: DynaQAgentSettings, _ environment: EnvironmentInstance, _ random: RandomStream, name: String
  ) throws(ConfigurationError) -> DynaQ {
    let sizes = try NumberedStates(of: environment, for: name)
    let (states, actions) = (sizes.states, sizes.actions)
    return DynaQ(
      settings.agent, learner: TabularQ(settings.learner, states: states, actions: actions),
      model: TabularModel(settings.model, states: states, actions: actions), states: states, actions: actions,
      using: random.child("agent"))
  }
}
