import Archive
import Interfaces
import Kernels
import Learners

/// Evaluates the policy that draws every action with the same probability by TD(lambda). It acts by that policy always.
///
/// At the end of each episode it records `value_error`, the root of the mean over states of the squared error of their
/// values, where the true ones are known. In trials, errors beyond 1e6 count as that, so that values that diverge do
/// not stop the run. Observations must be one-hot.
public struct TDLambdaAgent: RowwiseAgent {
  /// Larger errors count as this where values start anew.
  private static let limit = 1e6
  private let trialEpisodes: Int
  private let untrained: StateValues
  /// Values of the policy, [S]; nil where they are not known.
  private let truth: [Double]?
  private let actionCount: Int
  /// What it has learned in the trial under way.
  public private(set) var learner: StateValues
  /// Finished episodes of the trial under way.
  private var episodes = 0
  private var isTrialOver = false
  private var (exploration, measurement) = ([RandomStream(seed: 0)], [RandomStream(seed: 0)])
  /// Of the step since the last `improve`.
  private var (error, valueError): (Double?, Double?)

  public var phases: PhaseSeconds { PhaseSeconds() }

  public var metricNames: [String] { ["td_error"] + (truth == nil ? [] : ["value_error"]) }

  /// An agent that starts from `learner` in each trial of that many episodes, or once where it is 0.
  public init(_ learner: StateValues, actions: Int, trialEpisodes: Int, truth: [Double]?) {
    precondition(truth.map { $0.count == learner.values.count } ?? true, "values of another number of states")
    self.learner = learner
    self.trialEpisodes = trialEpisodes
    self.truth = truth
    untrained = learner
    actionCount = actions
  }

  public mutating func prepare(copies: Int, for purpose: ActPurpose) {
    let streams = Array(repeating: RandomStream(seed: 0), count: copies)
    if purpose == .collect {
      precondition(copies == 1, "an eligibility trace is of one episode")
      exploration = streams
    } else {
      measurement = streams
    }
  }

  public mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    if purpose == .collect { exploration[copy] = random } else { measurement[copy] = random }
  }

  public mutating func act(on observation: [Float], of copy: Int, for purpose: ActPurpose, action: inout [Float]) {
    action[0] = Float(
      purpose == .collect
        ? exploration[copy].index(below: actionCount) : measurement[copy].index(below: actionCount))
  }

  public mutating func observe(
    _ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float], of copy: Int
  ) {
    if isTrialOver { (learner, episodes, isTrialOver) = (untrained, 0, false) }
    let (state, following) = (NumberedStates.state(observation), NumberedStates.state(next))
    let bootstrap = outcome.ending == .terminated ? 0 : learner.discount * learner.values[following]
    error = Double(outcome.reward) + bootstrap - learner.values[state]
    learner.observe(
      state, reward: Double(outcome.reward), next: outcome.ending == .terminated ? nil : following)
    guard outcome.ending != .none else { return }
    if outcome.ending == .truncated { learner.endEpisode() }
    episodes += 1
    isTrialOver = episodes == trialEpisodes
    valueError = truth.map { truth in
      var sum = 0.0
      for (value, wanted) in zip(learner.values, truth) { sum += (value - wanted) * (value - wanted) }
      return (sum / Double(truth.count)).squareRoot()
    }
  }

  public mutating func improve(metrics: inout MetricRow) {
    if let error { metrics.record("td_error", bounded(abs(error))) }
    if let valueError { metrics.record("value_error", bounded(valueError)) }
    (error, valueError) = (nil, nil)
  }

  /// Values of a trial may diverge; the next one starts anew.
  private func bounded(_ error: Double) -> Float {
    trialEpisodes > 0 && !(error < Self.limit) ? Float(Self.limit) : Float(error)
  }
}

extension TDLambdaAgent: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("learner", &learner)
    try fields.field("episodes", &episodes)
    try fields.field("is_trial_over", &isTrialOver)
    try fields.field("exploration", copies: &exploration)
  }
}
