import Configuration
import Interfaces
import Laboratory

extension AgentEntry {
  /// Divide and conquer.
  public static let divideAndConquer = AgentEntry(
    "divide-and-conquer",
    summary: "divide and conquer: soft actor-critics for clusters of starts, drawn to one global policy",
    secondsPerStep: 0.012,
    tiny: TinyRun(
      in: "Pendulum-v1", TinyRun.teaching + ["parts.count=2", "parts.episodes=3", "shared.lesson_size=16"])
  ) { (settings: DivideAndConquerSettings, environment, random) throws(ConfigurationError) in
    let spec = try continuous(environment, for: "divide-and-conquer")
    try settings.agent.refuseDataset("divide-and-conquer")
    return sharedPolicy(
      settings.shared, settings.agent, settings.student, settings.learner, parts: settings.parts.count,
      regularization: KLRegularization(divergence: settings.parts.divergence),
      rule: .starts(episodes: settings.parts.episodes),
      seenSize: spec.observationSize, evaluated: settings.parts.evaluated, spec, random)
  }
}
