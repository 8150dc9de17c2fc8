import Configuration
import Interfaces
import Laboratory
import Learners

extension AgentEntry {
  /// MBPO around soft actor-critic, as published.
  public static let mbpo = mbpo(
    "mbpo", SoftActorCritic.self, presets: AgentPreset.policyOptimization,
    tiny: TinyRun(
      in: "Pendulum-v1",
      TinyRun.imagining + [
        "agent.rollouts=40", "agent.updates=2", "agent.rollout_schedule=[1,3,1,2]", "agent.epoch_length=20",
      ]))

  /// MBPO around a learner.
  public static func mbpo<Learner: OffPolicyLearner & SendableMetatype>(
    _ name: String, _: Learner.Type, title: String = Learner.title, defaults: Learner.Settings = .init(),
    presets: [AgentPreset] = [], tiny: TinyRun
  ) -> AgentEntry {
    inWorld(
      name, "MBPO: \(title) on short rollouts in a learned world", secondsPerStep: 0.08, presets: presets, tiny: tiny,
      defaults,
      ModelBasedPolicyOptimizationSettings()
    ) { (settings, learner: Learner, world, spec, random) in
      func agent(_ world: some LearnedWorld) -> any Agent {
        ModelBasedPolicyOptimization(settings, learner: learner, world: world, spec: spec, using: random)
      }
      return agent(world)
    }
  }
}

extension AgentPreset {
  /// What the configuration files of MBPO's authors (`examples/config`) set for each of their tasks.
  static let policyOptimization = [
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
