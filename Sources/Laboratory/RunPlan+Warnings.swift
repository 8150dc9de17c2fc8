internal import Configuration
internal import Interfaces

extension RunPlan {
  /// What the user had better know before the run: settings by which the agent will not learn within the steps asked for.
  public var warnings: [String] {
    func integer(_ key: String) -> Int? { try? resolved.valueIfPresent(at: key) }
    let decisions = steps / max(1, integer("environment.wrappers.action_repeat") ?? 1)
    let copies = settings.run.copies
    let learnsFromFile = resolved.subtree(at: "agent.dataset")?.scalarText.map { $0 != "auto" && !$0.isEmpty } ?? false
    let isOracle = resolved["world"]?.scalarText == "oracle"
    var found: [String] = []
    func warn(_ key: String, _ value: Int, if isTooMuch: Bool, _ consequence: String) {
      guard isTooMuch else { return }
      let budget = decisions == steps ? "\(steps) steps" : "\(decisions) decisions of \(steps) steps"
      found.append("\(key) = \(value): within \(budget) \(consequence); set it lower, or take more steps")
    }
    if let value = integer("agent.random_steps") {
      warn(
        "agent.random_steps", value, if: value >= decisions && !learnsFromFile,
        "all actions are random, and \(label) never learns")
    }
    if let value = integer("distillation.teaching_steps") {
      warn(
        "distillation.teaching_steps", value, if: value >= decisions, "the policies are never merged into one")
    }
    if let value = integer("agent.steps") {
      let round = value.multipliedReportingOverflow(by: copies)
      warn(
        "agent.steps", value, if: !learnsFromFile && (round.overflow || round.partialValue > decisions),
        copies > 1
          ? "\(copies) copies never collect that many each, and \(label) never learns"
          : "that many are never collected, and \(label) never learns")
    }
    if let value = integer("shared.start") {
      warn("shared.start", value, if: value >= decisions, "the shared policy never learns")
    }
    for (key, consequence) in [
      ("agent.random_episodes", "may leave none to plan in"),
      ("imagination.first_fit", "may never be over, and the model is never fitted"),
    ] {
      guard let value = integer(key), value > 0, let limit = stepLimit, !isOracle else { continue }
      let round = value.multipliedReportingOverflow(by: limit)
      warn(
        key, value, if: round.overflow || round.partialValue >= decisions,
        "so many episodes, of up to \(limit) steps each, \(consequence)")
    }
    return found
  }
}
