import Laboratory
import Learners

extension AgentEntry {
  /// Soft actor-critic.
  public static let sac = offPolicy(
    "sac", "soft actor-critic", SoftActorCritic.self,
    presets: AgentPreset.mujocoSoftActorCritic, tiny: TinyRun(in: "Pendulum-v1", TinyRun.learning))
}
