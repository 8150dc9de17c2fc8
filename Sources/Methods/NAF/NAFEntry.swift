import Laboratory
import Learners

extension AgentEntry {
  /// Q-learning with a normalized advantage function.
  public static let naf = offPolicy(
    "naf", "Q-learning with a normalized advantage function", NormalizedAdvantageFunction.self,
    tiny: TinyRun(in: "Pendulum-v1", TinyRun.learning + ["learner.precision_noise=true", "agent.return_steps=4"]))

  /// NAF with several copies of the environment and as many updates a step: the number of workers is `run.copies`, as in Gu,
  /// Holly et al. 2017.
  public static let nafWorkers = offPolicy(
    "naf-workers", "NAF with four copies of the environment and four updates a step",
    NormalizedAdvantageFunction.self, schedule: OffPolicySettings(updates: 4),
    presets: [AgentPreset(continuousTasks, ["run.copies=4"])],
    tiny: TinyRun(in: "Pendulum-v1", TinyRun.learning))

  private static let continuousTasks = [
    "Pendulum-v1", "MountainCarContinuous-v0", "cartpole-swingup", "point-mass", "Reacher-v4", "Reacher-v5",
    "InvertedPendulum-v4", "InvertedPendulum-v5", "HalfCheetah-v4", "HalfCheetah-v5", "Hopper-v4", "Hopper-v5",
    "Walker2d-v4", "Walker2d-v5", "Ant-v4", "Ant-v5",
  ]
}
