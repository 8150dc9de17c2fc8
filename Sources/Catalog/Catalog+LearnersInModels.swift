import Agents
import Configuration
import Interfaces
import Kernels
import Laboratory
import Learners
import Models

/// A learner of the catalog that agents have inside: its settings and how it is made.
protocol LearnerKind: SendableMetatype {
  associatedtype Settings: Configuration
  associatedtype Learner: OffPolicyLearner & SendableMetatype
  /// What summaries call it.
  static var title: String { get }
  static var defaults: Settings { get }
  static func make(
    _ settings: Settings, for spec: EnvironmentSpec, using random: RandomStream
  ) -> Learner
}

enum SoftActorCriticKind: LearnerKind {
  static let title = "soft actor-critic"
  static let defaults = SoftActorCriticSettings()
  static func make(
    _ settings: SoftActorCriticSettings, for spec: EnvironmentSpec, using random: RandomStream
  ) -> SoftActorCritic {
    let (low, high) = spec.action.bounds
    return SoftActorCritic(settings, observationSize: spec.observationSize, low: low, high: high, using: random)
  }
}

enum TwinDelayedKind: LearnerKind {
  static let title = "TD3"
  static let defaults = DeterministicActorCriticSettings()
  static func make(
    _ settings: DeterministicActorCriticSettings, for spec: EnvironmentSpec, using random: RandomStream
  ) -> DeterministicActorCritic {
    let (low, high) = spec.action.bounds
    return DeterministicActorCritic(
      settings, observationSize: spec.observationSize, low: low, high: high, using: random)
  }
}

enum DeepDeterministicKind: LearnerKind {
  static let title = "DDPG"
  static let defaults = DeterministicActorCriticSettings.deepDeterministic
  static func make(
    _ settings: DeterministicActorCriticSettings, for spec: EnvironmentSpec, using random: RandomStream
  ) -> DeterministicActorCritic { TwinDelayedKind.make(settings, for: spec, using: random) }
}

enum NormalizedAdvantageKind: LearnerKind {
  static let title = "NAF"
  static let defaults = NormalizedAdvantageFunctionSettings()
  static func make(
    _ settings: NormalizedAdvantageFunctionSettings, for spec: EnvironmentSpec, using random: RandomStream
  ) -> NormalizedAdvantageFunction {
    let (low, high) = spec.action.bounds
    return NormalizedAdvantageFunction(
      settings, observationSize: spec.observationSize, low: low, high: high, using: random)
  }
}

enum DeepQKind: LearnerKind {
  static let title = "DQN, for discrete actions"
  static let defaults = DeepQNetworkSettings()
  static func make(
    _ settings: DeepQNetworkSettings, for spec: EnvironmentSpec, using random: RandomStream
  ) -> DeepQNetwork {
    DeepQNetwork(
      settings, observationSize: spec.observationSize, actions: Int(spec.action.bounds.high[0]) + 1, using: random)
  }
}

/// What can be set of an agent that trains a learner in a learned model: its schedule, its learner and its model.
struct LearnerInModelSettings<Schedule: Configuration, Kind: LearnerKind>: Configuration {
  init() {}
  @SettingGroup("Schedule, replay and imagination") var agent = Schedule()
  @SettingGroup("Learner") var learner = Kind.defaults
  @SettingGroup("Dynamics model") var model = EnsembleSettings.policyOptimization

  /// Has the model learn what `environment` does not tell.
  mutating func settle(for environment: EnvironmentInstance) throws(ConfigurationError) {
    try model.settle(for: environment, path: "model")
  }
}

extension AgentEntry {
  /// Model-based value expansion around a learner.
  static func valueExpansion<Kind: LearnerKind>(_ name: String, _ kind: Kind.Type) -> AgentEntry
  where Kind.Learner: ValueLearner {
    AgentEntry(
      name, summary: "model-based value expansion: \(Kind.title) with targets that look ahead in an ensemble",
      secondsPerStep: 0.03, settings: LearnerInModelSettings<ModelBasedValueExpansionSettings, Kind>.self,
      settle: { settings, environment throws(ConfigurationError) in try settings.settle(for: environment) }
    ) { settings, environment, random throws(ConfigurationError) in
      _ = try continuous(environment, for: name)
      let task = ImaginedTask(environment, settings.model, using: random)
      return ModelBasedValueExpansion(
        settings.agent, learner: Kind.make(settings.learner, for: task.spec, using: random.child("learner")),
        model: task.model, objective: task.objective, spec: task.spec, using: random.child("agent"))
    }
  }

  /// Dyna around a learner for continuous actions.
  static func dyna<Kind: LearnerKind>(_ name: String, _ kind: Kind.Type) -> AgentEntry {
    AgentEntry(
      name, summary: "Dyna: \(Kind.title) on real and imagined batches", secondsPerStep: 0.04,
      settings: LearnerInModelSettings<DynaSettings, Kind>.self,
      settle: { settings, environment throws(ConfigurationError) in try settings.settle(for: environment) }
    ) { settings, environment, random throws(ConfigurationError) in
      _ = try continuous(environment, for: name)
      let task = ImaginedTask(environment, settings.model, using: random)
      return dynaAgent(settings, task, random)
    }
  }

  /// Dyna around DQN.
  static let dynaDeepQ = AgentEntry(
    "dyna-dqn", summary: "Dyna: \(DeepQKind.title), on real and imagined batches", secondsPerStep: 0.02,
    settings: LearnerInModelSettings<DynaSettings, DeepQKind>.self,
    settle: { settings, environment throws(ConfigurationError) in try settings.settle(for: environment) }
  ) { settings, environment, random throws(ConfigurationError) in
    guard case .discrete = environment.spec.action else {
      throw ConfigurationError(
        kind: .relation,
        problem: "dyna-dqn needs one choice among discrete actions; \(environment.name) has other actions")
    }
    let task = ImaginedTask(environment, settings.model, using: random)
    return dynaAgent(settings, task, random)
  }

  private static func dynaAgent<Kind: LearnerKind>(
    _ settings: LearnerInModelSettings<DynaSettings, Kind>, _ task: ImaginedTask, _ random: RandomStream
  ) -> any Agent {
    DynaAgent(
      settings.agent, learner: Kind.make(settings.learner, for: task.spec, using: random.child("learner")),
      model: task.model, objective: task.objective, spec: task.spec, using: random.child("agent"))
  }
}
