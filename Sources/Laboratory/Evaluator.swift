public import Archive
internal import Configuration
public import Interfaces
public import Kernels

/// Return and length of a measured episode.
public struct EvaluatedEpisode: Sendable, Equatable {
  /// Sum of its rewards.
  public let total: Double
  /// Steps it took.
  public let length: Int
  /// What else it came to, as `Environment.measureNames` says.
  public let measures: [Double]
}

/// Measures an agent in an environment of its own. Nothing of a measurement stays: each episode's randomness derives
/// from the stream it is given, and the environment is reset.
public struct Evaluator {
  private var environment: any Environment
  private var observation: [Float]
  private var action: [Float]

  /// Measures in `environment`, which training must not share.
  public init(environment: any Environment) {
    self.environment = environment
    observation = Array(repeating: 0, count: environment.spec.observationSize)
    action = Array(repeating: 0, count: environment.spec.action.size)
  }

  /// Measures in a new environment of `plan`'s settings.
  init(for plan: RunPlan) throws(ConfigurationError) {
    self.init(environment: try plan.makeParticipants().environment.environment)
  }

  /// Measures from now on as the agent sees `training`: with its running statistics as they are now, if it has any, and
  /// the rewards of the task itself.
  public mutating func adoptStatistics(of training: any Environment) throws(ArchiveError) {
    var writer = StateWriter()
    training.saveStatistics(to: &writer)
    try environment.beginMeasurement(with: StateReader(writer.file))
  }

  /// Plays one episode without exploration.
  ///
  /// - Parameters:
  ///   - watch: shown the environment after the reset and after every step.
  ///   - observe: told of every step: observation, action and outcome, and the next observation.
  /// - Returns: nil if `isCancelled` said so on the way; the agent has then been disturbed no more than by an episode.
  /// - Throws: `NumericalFailure` when a reward is not finite, and what the agent or the environment throws.
  public mutating func episode(
    of agent: inout any Agent, using random: RandomStream, isCancelled: () -> Bool = { false },
    watch: ((inout any Environment) throws -> Void)? = nil,
    observe: (([Float], [Float], StepOutcome, [Float]) -> Void)? = nil
  ) throws -> EvaluatedEpisode? {
    var start = random.child("environment")
    if watch != nil { environment.beginShowing() }
    try environment.reset(using: &start, observation: &observation)
    agent.startEpisode(for: .evaluate, using: random.child("agent"))
    var total = 0.0
    var length = 0
    try watch?(&environment)
    while !isCancelled() {
      try agent.act(on: observation, for: .evaluate, action: &action)
      if let wrong = action.first(where: { !$0.isFinite }) {
        throw NumericalFailure(metric: "evaluation action", value: wrong)
      }
      let before = observe == nil ? [] : observation
      let outcome = try environment.step(action, observation: &observation)
      observe?(before, action, outcome, observation)
      guard outcome.reward.isFinite else {
        throw NumericalFailure(metric: "evaluation reward", value: outcome.reward)
      }
      total += Double(outcome.reward)
      length += 1
      try watch?(&environment)
      if outcome.ending != .none {
        return EvaluatedEpisode(total: total, length: length, measures: environment.measures)
      }
    }
    return nil
  }
}
