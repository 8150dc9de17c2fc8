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
    if learner.estimator != .reparametrization && model.propagation == .mean {
      throw ConfigurationError(
        "model.propagation", "must be ts1 or ts_infinity for \(learner.estimator.rawValue): means have no density")
    }
  }
}

extension AgentEntry {
  /// Backpropagation through a probabilistic ensemble into a policy.
  static let policyBackpropagation = AgentEntry(
    "policy-backpropagation", summary: "backpropagates imagined returns through a learned model into a policy",
    secondsPerStep: 0.02
  ) { (settings: PolicyBackpropagationAgentSettings, environment, random) throws(ConfigurationError) in
    let spec = try continuous(environment, for: "policy-backpropagation")
    let rewards = try imaginedRewards(in: environment, for: "policy-backpropagation", model: settings.model)
    let (low, high) = spec.action.bounds
    let model = ProbabilisticEnsemble(
      settings.model, stateSize: spec.observationSize, actionSize: spec.action.size, using: random.child("model"))
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

/// Rewards of imagined steps in `environment` that can be differentiated.
func imaginedRewards(
  in environment: EnvironmentInstance, for agent: String, model: EnsembleSettings
) throws(ConfigurationError) -> ImaginedRewards {
  guard let objective = environment.objective else {
    throw ConfigurationError(
      kind: .relation,
      problem: "\(agent) needs an environment with a known objective, if only of its endings; \(environment.name) has "
        + "none, or its wrappers change what it was about")
  }
  if model.learnsReward { return .model(endings: objective) }
  guard objective.knowsReward, let differentiable = objective as? any DifferentiableObjective else {
    throw ConfigurationError(
      kind: .relation, key: "model.learns_reward", value: "false",
      problem: "must be true in \(environment.name) for \(agent), which needs derivatives of the rewards: those of the "
        + "task's own are not known")
  }
  return .objective(differentiable)
}
