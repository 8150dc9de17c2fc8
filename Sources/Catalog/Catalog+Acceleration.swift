import Agents
import Configuration
import Interfaces
import Kernels
import Laboratory
import Learners
import Models

/// Which model imagines.
enum AccelerationModel: String, CaseIterable, SettingValue {
  /// Linear dynamics for each time of an episode.
  case linear
  /// The probabilistic ensemble.
  case ensemble
}

/// What can be set of NAF with imagination.
struct AccelerationSettings: Configuration {
  init() {}
  @SettingGroup("Schedule and replay") var agent = OffPolicySettings()
  @SettingGroup("Imagined experience") var imagination = ImaginationSettings()
  @SettingGroup("Learner") var learner = NormalizedAdvantageFunctionSettings()
  @SettingGroup("Model") var model = AccelerationModelSettings()

  func validate() throws(ConfigurationError) {
    if agent.returnSteps != 1 { throw ConfigurationError("agent.return_steps", "must be 1 with imagined steps") }
  }
}

/// What can be set of the model that imagines.
struct AccelerationModelSettings: Configuration {
  init() {}
  @Setting("Model to imagine in: time-varying linear dynamics, or the ensemble") var kind: AccelerationModel = .linear
  @SettingGroup("Time-varying linear dynamics") var linear = TimeVaryingLinearSettings()
  @SettingGroup("Probabilistic ensemble") var ensemble = EnsembleSettings()
}

extension AgentEntry {
  /// NAF with imagination rollouts.
  static let modelBasedAcceleration = AgentEntry(
    "mba", summary: "model-based acceleration: NAF with imagination rollouts in a fitted model", secondsPerStep: 0.02,
    settings: AccelerationSettings.self,
    settle: { settings, environment throws(ConfigurationError) in
      if settings.model.kind == .ensemble {
        try settings.model.ensemble.settle(for: environment, path: "model.ensemble")
      } else if environment.objective?.knowsReward != true {
        throw ConfigurationError(
          kind: .relation, key: "model.kind", value: settings.model.kind.rawValue,
          problem: "must be ensemble in \(environment.name), which has no known objective: linear dynamics predict "
            + "states alone")
      }
    }
  ) { settings, environment, random throws(ConfigurationError) in
    let spec = try continuous(environment, for: "mba")
    let objective = environment.objective ?? UnknownObjective()
    let (low, high) = spec.action.bounds
    let (size, width) = (spec.observationSize, spec.action.size)
    let learner = NormalizedAdvantageFunction(
      settings.learner, observationSize: size, low: low, high: high, using: random.child("learner"))
    func agent(_ model: some EpisodicDynamics) -> any Agent {
      ModelBasedAcceleration(
        settings.agent, settings.imagination, learner: learner, model: model, objective: objective, spec: spec,
        using: random.child("agent"))
    }
    switch settings.model.kind {
    case .linear:
      return agent(TimeVaryingLinearModel(settings.model.linear, stateSize: size, actionSize: width))
    case .ensemble:
      return agent(
        TimelessDynamics(
          ProbabilisticEnsemble(
            settings.model.ensemble, stateSize: size, actionSize: width, using: random.child("model"))))
    }
  }
}
