import Laboratory
import Learners

extension AgentEntry {
  /// Twin delayed deep deterministic policy gradient.
  public static let td3 = offPolicy(
    "td3", "twin delayed deep deterministic policy gradient", DeterministicActorCritic.self,
    presets: [.mujocoRandomSteps], tiny: TinyRun(in: "Pendulum-v1", TinyRun.learning))

  /// Deep deterministic policy gradient: TD3 without what TD3 added to it.
  public static let ddpg = offPolicy(
    "ddpg", "deep deterministic policy gradient", DeterministicActorCritic.self, defaults: .deepDeterministic,
    presets: [.mujocoRandomSteps],
    tiny: TinyRun(in: "Pendulum-v1", TinyRun.learning + ["learner.noise.kind=ornstein_uhlenbeck"]))
}
