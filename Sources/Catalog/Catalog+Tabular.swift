import Agents
import Configuration
import Environments
import Interfaces
import Kernels
import Laboratory
import Learners
import Models

/// What can be set of tabular Q-learning.
struct QLearningSettings: Configuration {
  init() {}
  @SettingGroup("Action values") var learner = TabularQSettings()
}

/// What can be set of tabular Dyna.
struct DynaQAgentSettings: Configuration {
  init() {}
  @SettingGroup("Imagined steps") var agent = DynaQSettings()
  @SettingGroup("Model") var model = TabularModelSettings()
  @SettingGroup("Action values") var learner = TabularQSettings()
}

extension Catalog {
  /// Tasks with numbered states.
  static let tabularEnvironments: [EnvironmentEntry] = [
    EnvironmentEntry(DynaMaze.self),
    EnvironmentEntry(BlockingMaze.self),
    EnvironmentEntry(ShortcutMaze.self),
    EnvironmentEntry(Chain.self),
    EnvironmentEntry(FourByThree.self),
    EnvironmentEntry(RandomProcess.self),
  ]
}

extension AgentEntry {
  /// Q-learning in a table.
  static let qLearning = AgentEntry(
    "q-learning", summary: "Q-learning in a table, for numbered states and actions", secondsPerStep: 1e-6
  ) { (settings: QLearningSettings, environment, random) throws(ConfigurationError) in
    var dyna = DynaQAgentSettings()
    dyna.agent.planningSteps = 0
    dyna.learner = settings.learner
    return try dynaQ(dyna, environment, random, name: "q-learning")
  }

  /// Q-learning in a table with imagined steps.
  static let dynaQ = AgentEntry(
    "dyna-q", summary: "tabular Dyna-Q and Dyna-Q+: Q-learning with imagined steps in a learned model",
    secondsPerStep: 3e-6
  ) { (settings: DynaQAgentSettings, environment, random) throws(ConfigurationError) in
    try dynaQ(settings, environment, random, name: "dyna-q")
  }

  private static func dynaQ(
    _ settings: DynaQAgentSettings, _ environment: EnvironmentInstance, _ random: RandomStream, name: String
  ) throws(ConfigurationError) -> DynaQ<TabularQ, TabularModel> {
    let spec = environment.spec
    guard spec.isOneHot, case .discrete(let actions) = spec.action else {
      throw ConfigurationError(
        kind: .relation,
        problem: "\(name) needs numbered states, shown as one-hot vectors, and discrete actions, as dyna-maze or "
          + "gymnasium:FrozenLake-v1 have; \(environment.name) has others")
    }
    let states = spec.observationSize
    return DynaQ(
      settings.agent, learner: TabularQ(settings.learner, states: states, actions: actions),
      model: TabularModel(settings.model, states: states, actions: actions), states: states, actions: actions,
      using: random.child("agent"))
  }
}
