internal import Archive
internal import Configuration
internal import Interfaces

/// Everything of a run that a checkpoint holds, but for the lengths of its tables.
struct RunState {
  var interaction: Interaction
  /// What the environment measures besides returns.
  let measureNames: [String]
  /// What the environment is made of besides this program.
  let provenance: [(name: String, value: String)]
  /// Learning metrics since the last written row.
  var metrics: MetricRow
  /// Step of the last complete evaluation, -1 before the first.
  var evaluatedAt = -1
  /// Mean return of that evaluation.
  var lastEvaluation: Double?
  /// Step and mean return of the best evaluation; the first of equals.
  var best: (step: Int, value: Double)?
  /// Whether a run can go on from here, rather than only measure the agent: not where the environment cannot be saved
  /// within an episode.
  private(set) var isResumable = true

  /// The state before the first step.
  init(_ plan: RunPlan) throws(ConfigurationError) {
    let (environment, agent) = try plan.makeParticipants()
    if agent.isOffline, plan.settings.run.copies > 1 {
      throw ConfigurationError(
        kind: .relation, key: "run.copies", value: "\(plan.settings.run.copies)",
        problem: "must be 1 for an agent that learns from a dataset: it takes no steps of the environment")
    }
    metrics = MetricRow(names: agent.metricNames)
    measureNames = environment.environment.measureNames
    provenance = environment.environment.provenance
    interaction = Interaction(
      agent: agent, environment: try environment.makeCopies(count: plan.settings.run.copies), random: plan.random)
  }
}

extension RunState {
  /// What names the columns of the run's tables.
  var columns: TableColumns {
    TableColumns(
      metrics: metrics.names, measures: measureNames, steps: interaction.agent.isOffline ? .gradient : .environment,
      own: interaction.agent.tables)
  }

  /// Gets ready for `save` and notes in `isResumable` whether a run can go on from what will be saved.
  mutating func prepareToSave() throws { isResumable = try interaction.prepareToSave() }
}

extension RunState: Checkpointable {
  func save(to writer: inout StateWriter) {
    writer.write("interaction", interaction)
    writer.write("metrics", metrics)
    writer.write("evaluated_at", evaluatedAt)
    writer.write("is_resumable", isResumable)
    if let lastEvaluation { writer.write("last_evaluation", lastEvaluation) }
    if let best {
      writer.write("best_step", best.step)
      writer.write("best_evaluation", best.value)
    }
  }

  mutating func restore(from reader: StateReader) throws(ArchiveError) {
    try reader.read("interaction", into: &interaction)
    try reader.read("metrics", into: &metrics)
    evaluatedAt = try reader.integer("evaluated_at")
    isResumable = try reader.bool("is_resumable")
    lastEvaluation = reader.has("last_evaluation") ? try reader.value("last_evaluation") : nil
    best = reader.has("best_step") ? (try reader.integer("best_step"), try reader.value("best_evaluation")) : nil
  }
}
