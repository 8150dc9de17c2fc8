import Laboratory
import Learners

extension AgentEntry {
  /// Q-learning with a normalized advantage function.
  public static let naf = offPolicy(
    "naf", "Q-learning with a normalized advantage function", NormalizedAdvantageFunction.self,
    tiny: TinyRun(in: "Pendulum-v1", TinyRun.learning + ["learner.precision_noise=true", "agent.return_steps=4"]))
}
