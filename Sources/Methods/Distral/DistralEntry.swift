import Configuration
import Interfaces
import Laboratory

extension AgentEntry {
  /// Distral.
  public static let distral = AgentEntry(
    "distral", summary: "Distral: a soft actor-critic for each task of a family, drawn to a shared policy",
    secondsPerStep: 0.012,
    tiny: TinyRun(
      in: "reacher-goals", TinyRun.teaching + ["shared.lesson_size=16", "shared.interval=3", "shared.start=50"])
  ) { (settings: DistralAgentSettings, environment, random) throws(ConfigurationError) in
    let spec = try continuous(environment, for: "distral")
    let code = try taskCode(of: environment, for: "distral")
    try settings.agent.refuseDataset("distral")
    return sharedPolicy(
      settings.shared, settings.agent, settings.student, settings.learner, parts: code.count,
      regularization: KLRegularization(share: settings.tasks.alpha), rule: .tasks(code: code),
      seenSize: code.lowerBound,
      evaluated: settings.tasks.evaluated, spec, random)
  }
}
