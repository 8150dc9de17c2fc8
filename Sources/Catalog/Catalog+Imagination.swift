import Agents
import Configuration
import Interfaces
import Kernels
import Laboratory
import Learners
import Models

extension EnsembleSettings {
  /// The model of MBPO (Janner et al. 2019), as in the original's code: 5 elites of 7 members, rewards predicted, fits until
  /// the holdout error of no member has improved for 5 passes.
  static var policyOptimization: EnsembleSettings {
    var settings = EnsembleSettings()
    settings.members = 7
    settings.elites = 5
    settings.hidden = [200, 200, 200, 200]
    settings.weightDecay = [2.5e-5, 5e-5, 7.5e-5, 7.5e-5, 1e-4]
    settings.batchSize = 256
    settings.epochs = 10_000
    settings.holdout = 0.2
    settings.learnsReward = true
    return settings
  }
}

/// Where imagined trajectories can be scored: settings that were settled say what the model learns of that.
struct ImaginedTask {
  let spec: EnvironmentSpec
  let objective: any Objective
  let model: ProbabilisticEnsemble

  init(_ environment: EnvironmentInstance, _ settings: EnsembleSettings, using random: RandomStream) {
    spec = environment.spec
    objective = environment.objective ?? UnknownObjective()
    model = ProbabilisticEnsemble(
      settings, stateSize: spec.observationSize, actions: spec.action, using: random.child("model"))
  }
}

extension AgentEntry {
  /// MBPO around soft actor-critic.
  static let modelBasedPolicyOptimization = AgentEntry(
    "mbpo", summary: "MBPO: soft actor-critic on short rollouts in a probabilistic ensemble", secondsPerStep: 0.08,
    presets: originalPresets,
    settings: LearnerInModelSettings<ModelBasedPolicyOptimizationSettings, SoftActorCriticKind>.self,
    settle: { settings, environment throws(ConfigurationError) in try settings.settle(for: environment) }
  ) { settings, environment, random throws(ConfigurationError) in
    _ = try continuous(environment, for: "mbpo")
    let task = ImaginedTask(environment, settings.model, using: random)
    return ModelBasedPolicyOptimization(
      settings.agent,
      learner: SoftActorCriticKind.make(settings.learner, for: task.spec, using: random.child("learner")),
      model: task.model, objective: task.objective, spec: task.spec, using: random.child("agent"))
  }

  /// What the original's configuration files (`examples/config`) set for each of their tasks.
  private static let originalPresets = [
    AgentPreset(["HalfCheetah-v5", "HalfCheetah-v4"], ["agent.updates=40", "learner.target_entropy=-3"]),
    AgentPreset(["Hopper-v5", "Hopper-v4"], ["agent.rollout_schedule=[20,150,1,15]", "learner.target_entropy=-1"]),
    AgentPreset(["Walker2d-v5", "Walker2d-v4"], ["learner.target_entropy=-3"]),
    AgentPreset(["AntTruncatedObs"], ["agent.rollout_schedule=[20,100,1,25]", "learner.target_entropy=-4"]),
    AgentPreset(
      ["HumanoidTruncatedObs"],
      [
        "agent.rollout_schedule=[20,300,1,25]", "agent.fit_interval=1000", "agent.retained_fits=5",
        "learner.target_entropy=-2", "model.hidden=[400,400,400,400]",
      ]),
    AgentPreset(
      ["InvertedPendulum-v5", "InvertedPendulum-v4"],
      [
        "agent.random_steps=500", "agent.updates=10", "agent.epoch_length=250", "agent.rollout_schedule=[1,15,1,1]",
        "agent.retained_fits=1", "learner.target_entropy=-0.05",
      ]),
    AgentPreset(
      ["InvertedDoublePendulum-v5", "InvertedDoublePendulum-v4"],
      [
        "agent.random_steps=500", "agent.epoch_length=250", "agent.rollout_schedule=[1,15,1,1]",
        "agent.retained_fits=1", "learner.target_entropy=-0.5",
      ]),
  ]
}
