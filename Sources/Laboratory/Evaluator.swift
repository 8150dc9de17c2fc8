public import Archive
internal import Configuration
public import Interfaces
public import Kernels

/// Return and length of a measured episode.
public struct EvaluatedEpisode: Sendable, Equatable {
  /// Sum of its rewards.
  public let total: Double
  /// Steps of the task's simulator that it took.
  public let length: Int
  /// Whether it was cut off by the evaluation, and would have gone on.
  public let isCut: Bool
  /// What else it came to, as `Environment.measureNames` says.
  public let measures: [Double]
  /// What the agent expected of it at its start, nil where agents have no values.
  public let predictedValue: Double?
  /// The sum of its rewards, discounted as that expectation is; nil where there is none.
  public let discountedReturn: Double?
}

/// Measures an agent in environments of its own. Nothing of a measurement stays: each episode's randomness derives from
/// the stream it is given, and the environments are reset.
///
/// With several environments as many episodes are played at once; what comes of each is what would have come of it
/// alone.
public struct Evaluator {
  private let slots: EvaluationSlots
  private var steps: CopySteps
  /// Episodes begun since the environments began to measure.
  private var begun = 0
  /// Steps of the simulator after which episodes are cut off.
  package let maxSteps: Int

  /// Measures in `environment`, which training must not share.
  public init(environment: any Environment) { self.init(environments: [environment]) }

  /// Measures in `environments`, all alike, of which each plays an episode at a time. Episodes are cut off after
  /// `maxSteps` steps of the simulator; nil leaves them to the environment's own limit (which counts decisions) or, where
  /// it has none, stands for `EvaluationSettings.bound`.
  package init(environments: [any Environment], maxSteps: Int? = nil) {
    let own = environments[0].spec.stepLimit
    self.maxSteps = maxSteps ?? (own < EnvironmentSpec.unlimited ? .max : EvaluationSettings.bound)
    slots = EvaluationSlots(environments)
    steps = CopySteps(count: environments.count, spec: environments[0].spec)
  }

  /// Measures in new environments of `plan`'s settings, as many as it says.
  init(for plan: RunPlan) throws(ConfigurationError) {
    self.init(
      environments: try plan.makeEnvironment().makeSeparate(count: plan.settings.evaluation.playedAtOnce),
      maxSteps: plan.settings.evaluation.maxSteps)
  }

  /// Episodes that are played at once.
  var count: Int { slots.count }

  /// Measures from now on as the agent sees `training`: with its running statistics as they are now, if it has any, and
  /// the rewards of the task itself.
  public mutating func adoptStatistics(of training: any Environment) throws(ArchiveError) {
    var writer = StateWriter()
    training.saveStatistics(to: &writer)
    try adopt(StateReader(writer.file))
  }

  /// The same of copies that train together.
  mutating func adoptStatistics(of training: any VectorEnvironment) throws(ArchiveError) {
    var writer = StateWriter()
    training.saveStatistics(to: &writer)
    try adopt(StateReader(writer.file))
  }

  private mutating func adopt(_ statistics: StateReader) throws(ArchiveError) {
    begun = 0
    for slot in slots.all { try slots[slot].beginMeasurement(with: statistics) }
  }

  /// Plays one episode without exploration; see `episodes`. Without `adoptStatistics` before, training and task are as
  /// they are.
  public mutating func episode(
    of agent: inout any Agent, using random: RandomStream, isCancelled: (_ finished: Int) -> Bool = { _ in false }
  ) throws -> EvaluatedEpisode? {
    try play([random], of: &agent, isCancelled: isCancelled, watch: nil, observe: nil)?.first
  }

  /// Plays `count` episodes without exploration, the i-th from the stream `random.child(i)`; `agent` must have room for
  /// as many copies to evaluate as there are environments.
  ///
  /// - Parameters:
  ///   - isCancelled: asked before each step, and told how many of the episodes are over.
  ///   - watch: shown the environment after the reset and after every step; with one environment only.
  ///   - observe: told of every step: observation, action and outcome, and the next observation.
  /// - Returns: in the order of the episodes; nil if `isCancelled` said so on the way: the agent has then been
  ///   disturbed no
  ///   more than by an episode.
  /// - Throws: `NumericalFailure` when a reward is not finite, and what the agent or the environment throws.
  public mutating func episodes(
    _ count: Int, of agent: inout any Agent, using random: RandomStream,
    isCancelled: (_ finished: Int) -> Bool = { _ in false },
    watch: ((inout any Environment) throws -> Void)? = nil,
    observe: (([Float], [Float], StepOutcome, [Float]) -> Void)? = nil
  ) throws -> [EvaluatedEpisode]? {
    try play(
      (0..<count).map { random.child($0) }, of: &agent, isCancelled: isCancelled, watch: watch, observe: observe)
  }

  /// Words about the episodes that were cut off; nil if none was.
  package func remark(on episodes: [EvaluatedEpisode]) -> String? {
    let cut = episodes.count { $0.isCut }
    guard cut > 0 else { return nil }
    return
      "\(cut) of \(episodes.count) evaluation episodes had not ended after \(maxSteps) steps and were cut off there "
      + "(evaluation.max_steps); they count as truncated"
  }

  private mutating func play(
    _ streams: [RandomStream], of agent: inout any Agent, isCancelled: (_ finished: Int) -> Bool,
    watch: ((inout any Environment) throws -> Void)?,
    observe: (([Float], [Float], StepOutcome, [Float]) -> Void)?
  ) throws -> [EvaluatedEpisode]? {
    precondition(watch == nil || count == 1, "\(count) episodes shown at once")
    var results = [EvaluatedEpisode?](repeating: nil, count: streams.count)
    var next = 0
    if watch != nil { slots[0].environment.beginShowing() }

    /// Starts the next episode in a slot, if there is one.
    func begin(_ slot: Int) throws {
      steps.isActive[slot] = next < streams.count
      guard next < streams.count else { return }
      try slots[slot].begin(next, number: begun + next, using: streams[next].child("environment"))
      agent.startEpisode(of: slot, for: .evaluate, using: streams[next].child("agent"))
      let expected = agent.predictedValue(of: slots[slot].observation)
      slots[slot].expect(expected, discount: agent.valueDiscount)
      steps.times[slot] = 0
      try watch?(&slots[slot].environment)
      next += 1
    }

    for slot in slots.all { try begin(slot) }
    while steps.isActive.contains(true) {
      if isCancelled(results.count { $0 != nil }) { return nil }
      for slot in slots.all where steps.isActive[slot] { slots[slot].show(in: &steps.observations, row: slot) }
      try agent.act(on: &steps, for: .evaluate)
      for slot in slots.all where steps.isActive[slot] { try slots[slot].take(steps.actions, row: slot) }
      try slots.step(steps.isActive)
      for slot in slots.all where steps.isActive[slot] {
        try slots[slot].account(limit: maxSteps)
        if let observe {
          observe(
            Array(steps.observations.row(slot)), slots[slot].action, slots[slot].outcome, slots[slot].observation)
        }
        steps.times[slot] += 1
        try watch?(&slots[slot].environment)
        guard slots[slot].outcome.ending != .none else { continue }
        results[slots[slot].episode] = slots[slot].result
        try begin(slot)
      }
    }
    begun += streams.count
    return results.compactMap { $0 }
  }
}
