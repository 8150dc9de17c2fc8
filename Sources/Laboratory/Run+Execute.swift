internal import Archive
internal import Interfaces
internal import Kernels

extension Run {
  /// Runs to the end, or until asked to stop. All copies of the environment are always stepped together, and a
  /// decision takes as many steps as the environment repeats it, so that the end may lie that much beyond the plan's
  /// steps.
  ///
  /// - Parameters:
  ///   - stop: looked at before every step, those of an evaluation included.
  ///   - report: called at the start, and then about four times a second between steps.
  /// - Throws: `RunError` or `ArchiveError`; the last checkpoint stays, and the manifest names the failure.
  public mutating func execute(stop: StopRequest, report: (RunProgress) -> Void = { _ in }) throws -> Outcome {
    Memory.configure(exitStatus: 1)
    defer { updateEvents(after: 0) }
    do {
      let outcome = try advance(stop: stop, report: report)
      try close(outcome == .finished ? .finished : .interrupted)
      return outcome
    } catch {
      let failure = described(error)
      if case RunError.lost = failure { throw failure }
      // What the user must see is the failure itself, whether or not the manifest can still be written.
      try? close(.failed, failure: "\(failure)")
      throw failure
    }
  }

  private mutating func advance(stop: StopRequest, report: (RunProgress) -> Void) throws -> Outcome {
    let settings = plan.settings
    let atStart = settings.evaluation.atStart
    let evaluationInterval = settings.evaluation.interval
    let checkpointInterval = settings.checkpoint.interval
    let logInterval = settings.log.interval
    var pace = Pace()
    var isCheckpointDue = false
    let wallBefore = state.interaction.timings.wall
    let start = ContinuousClock.now
    var savingPace = SavingPace(at: start)
    report(progress(pace))

    while true {
      let new = state.interaction.lastSteps
      let isLast = steps >= plan.steps
      let isEvaluationDue = steps == 0 ? atStart : isLast || new.crosses(evaluationInterval)
      var isBest = false
      if isEvaluationDue, state.evaluatedAt < steps {
        let began = ContinuousClock.now
        isBest = try evaluate(stop: stop, pace, report) && settings.checkpoint.best
        pace.evaluated(in: seconds(from: began))
      }
      // Looked at before and after saving, never in between: a request is answered by a state that is saved.
      var signal = stop.signal
      let isSaveAsked = stop.takeSaveRequest()
      isCheckpointDue = isCheckpointDue || signal != nil || isLast || steps == 0 || isSaveAsked
      isCheckpointDue =
        isCheckpointDue || checkpointInterval.map { new.crosses($0) } ?? savingPace.isDue(at: ContinuousClock.now)
      if isBest { try holdBest() }
      if isCheckpointDue {
        let began = ContinuousClock.now
        state.interaction.timings.wall = wallBefore + seconds(from: start)
        let isSaved = try stop.holdingUp { try save(isLast: isLast) }
        let ended = ContinuousClock.now
        isCheckpointDue = !isSaved
        pace.saved(in: seconds(from: began, to: ended))
        savingPace.saved(from: began, to: ended, written)
        if isSaved { signal = stop.signal }
      }
      if let signal { return .stopped(signal: signal) }
      if isLast { return .finished }

      try state.interaction.step(metrics: &state.metrics)
      for episode in state.interaction.completed { try record(episode) }
      if state.interaction.agent.hasRows { try tables.append(state.interaction.agent.takeRows(), step: steps) }
      if state.interaction.lastSteps.crosses(logInterval) {
        state.interaction.timings.wall = wallBefore + seconds(from: start)
        try recordMetrics()
      }
      if pace.tick(steps: steps) != nil {
        try checkHold()
        updateEvents(after: 5)
        report(progress(pace))
      }
    }
  }

  private var decisions: Int { state.interaction.decisions }

  private func progress(_ pace: Pace) -> RunProgress {
    /// How many multiples of an interval are to come, the end among them.
    func toCome(_ interval: Int) -> Double { Double((plan.steps - 1) / interval - steps / interval + 1) }
    let settings = plan.settings
    // where the time says when to save, that takes so little that it need not be foreseen
    let saves = settings.checkpoint.interval.map(toCome) ?? 0
    let pauses = pace.lastEvaluation * toCome(settings.evaluation.interval) + pace.lastSave * saves
    return RunProgress(
      steps: steps, budget: plan.steps, evaluation: state.lastEvaluation, rate: pace.rate,
      pauses: steps < plan.steps ? pauses : 0)
  }

  /// Measures the agent and writes the rows: all of them or, when asked to stop on the way, none. Says whether its mean
  /// return is the best so far.
  private mutating func evaluate(
    stop: StopRequest, _ pace: Pace, _ report: (RunProgress) -> Void
  ) throws -> Bool {
    var pace = pace
    let random = plan.random.child("evaluation").child(steps)
    var rows: [[CSVField]] = []
    var sum = 0.0
    try evaluator.adoptStatistics(of: state.interaction.environment)
    var now = progress(pace)
    if pace.lastEvaluation > 1 {
      now.activity = "evaluating"
      report(now)
    }
    let count = plan.settings.evaluation.episodes
    let played = try evaluator.episodes(
      count, of: &state.interaction.agent, using: random,
      isCancelled: { finished in
        now.activity = "evaluating, \(finished) of \(count) episodes"
        if pace.isDue() { report(now) }
        return stop.isRaised
      })
    guard let played else { return false }
    if let remark = evaluator.remark(on: played) { warnOnce(of: remark) }
    for (episode, result) in played.enumerated() {
      rows.append(
        [
          .integer(steps), .integer(episode), .number(result.total), .integer(result.length),
          result.predictedValue.map(CSVField.number) ?? .empty, result.discountedReturn.map(CSVField.number) ?? .empty,
        ] + result.measures.map { .number($0) })
      sum += result.total
    }
    try tables.append(rows, to: .evaluations, decisions: decisions)
    state.evaluatedAt = steps
    guard !rows.isEmpty else { return false }
    let mean = sum / Double(rows.count)
    state.lastEvaluation = mean
    if let best = state.best, mean <= best.value { return false }
    state.best = (steps, mean)
    return true
  }

  private func record(_ episode: CompletedEpisode) throws {
    let row: [CSVField] = [
      .integer(steps), .integer(episode.index), .number(episode.total), .integer(episode.length),
      .text(episode.ending.name), .integer(episode.clippedActions),
    ]
    try tables.append([row], to: .episodes, decisions: decisions)
  }

  private mutating func recordMetrics() throws {
    if !state.metrics.isEmpty {
      let means = state.metrics.names.indices.map { state.metrics.mean($0).map { CSVField.number($0) } ?? .empty }
      try tables.append([[.integer(steps)] + means], to: .training, decisions: decisions)
      state.metrics.clear()
    }
    let timings = state.interaction.timings
    let parts = [timings.acting, timings.fitting, timings.planning, timings.learning, timings.stepping]
    let shares = parts.map { CSVField.number(timings.wall > 0 ? $0 / timings.wall : 0) }
    try tables.append([[.integer(steps), .number(timings.wall)] + shares], to: .timing, decisions: decisions)
  }

  private func described(_ error: any Error) -> any Error {
    switch error {
    case let failure as NumericalFailure: RunError.numerical(failure, step: steps)
    case is RunError, is ArchiveError: error
    default: RunError.environment(reason: "\(error)", step: steps)
    }
  }
}
