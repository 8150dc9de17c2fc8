import Agents
import Configuration
import Interfaces
import Kernels
import Laboratory
import Learners
import Models

/// What can be set of an agent that backpropagates through its model.
struct PolicyBackpropagationAgentSettings: Configuration {
  init() {}
  @SettingGroup("Schedule and replay") var agent = ModelGradientSettings()
  @SettingGroup("Policy, critics and gradients") var learner = PolicyBackpropagationSettings()
  @SettingGroup("Dynamics model") var model = EnsembleSettings()

  func validate() throws(ConfigurationError) {
    guard learner.estimator != .reparametrization else { return }
    if model.propagation == .mean {
      throw ConfigurationError(
        "model.propagation", "must be ts1 or ts_infinity for \(learner.estimator.rawValue): means have no density")
    }
    if model.deterministic {
      throw ConfigurationError(
        "model.deterministic", "must be false for \(learner.estimator.rawValue): means have no density")
    }
  }
}

extension AgentEntry {
  /// Backpropagation through a probabilistic ensemble into a policy.
  static let policyBackpropagation = AgentEntry(
    "policy-backpropagation", summary: "backpropagates imagined returns through a learned model into a policy",
    secondsPerStep: 0.02, settings: PolicyBackpropagationAgentSettings.self,
    settle: { settings, environment throws(ConfigurationError) in
      try settings.model.settle(for: environment, path: "model", differentiating: true)
    }
  ) { settings, environment, random throws(ConfigurationError) in
    let spec = try continuous(environment, for: "policy-backpropagation")
    let rewards = settings.model.imaginedRewards(in: environment)
    let (low, high) = spec.action.bounds
    let model = ProbabilisticEnsemble(
      settings.model, stateSize: spec.observationSize, actions: spec.action, using: random.child("model"))
    func agent<Head: ActorHead>(_ head: Head) -> any Agent {
      PolicyBackpropagationAgent(
        settings.agent, model: model,
        learner: PolicyBackpropagation(
          settings.learner, head: head, observationSize: spec.observationSize, low: low, high: high,
          using: random.child("learner")),
        rewards: rewards, spec: spec, using: random.child("agent"))
    }
    return settings.learner.stochastic
      ? agent(SquashedGaussianActor()) : agent(DeterministicActor(exploration: settings.learner.noise.scale))
  }
}

extension EnsembleSettings {
  /// Rewards of imagined steps in `environment` that can be differentiated, after `settle`.
  func imaginedRewards(in environment: EnvironmentInstance) -> ImaginedRewards {
    if learnsReward != true, let objective = environment.objective as? any DifferentiableObjective {
      return .objective(objective)
    }
    return .model(endings: environment.objective ?? UnknownObjective())
  }
}
