import Interfaces
import Configuration
import Laboratory

extension AgentEntry {
  /// Uniformly random actions.
  public static let random = AgentEntry(
    "random", summary: "uniformly random actions, the baseline", secondsPerStep: 2e-6,
    tiny: TinyRun(in: "Pendulum-v1", [])
  ) { (_: RandomAgentSettings, environment, random) throws(ConfigurationError) in
    RandomAgent(action: environment.spec.action, random: random)
  }
}
