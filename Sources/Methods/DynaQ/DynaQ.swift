import Archive
import Configuration
import Interfaces
import Kernels
import Learners
import Models

/// Learns action values of numbered states from every real step and, between steps, from imagined ones in a learned model:
/// Dyna-Q and Dyna-Q+ (Sutton and Barto 2018, sections 8.2 and 8.3). Without imagined steps it is Q-learning.
///
/// After each step the model takes it in and Q(s, a) moves towards E[r + discount * continues * max_a Q(s', a)] under the
/// model, which is the step's own target where the model remembers the last outcome only. Then as many updates of the same
/// kind follow at visited states and actions tried there. With a bonus, an action that was last tried `age` steps ago gets
/// kappa * sqrt(age) on top, and actions never tried count too, as leading back to their state without reward.
///
/// Observations must be one-hot.
public struct DynaQ: RowwiseAgent {
  private let settings: DynaQSettings
  package private(set) var learner: TabularQ
  private var model: TabularModel
  private var tried: TriedActions
  /// Of each copy.
  private var (exploration, measurement) = ([RandomStream(seed: 0)], [RandomStream(seed: 0)])
  private var planning: RandomStream
  /// Of the steps since the last `improve`.
  private var errors: [Double] = []
  public private(set) var phases = PhaseSeconds()

  /// Means of the absolute errors of real and of imagined updates.
  public var metricNames: [String] { ["td_error"] + (settings.planningSteps > 0 ? ["imagined_td_error"] : []) }

  /// An agent for `states` numbered states and `actions` actions.
  public init(
    _ settings: DynaQSettings, learner: TabularQ, model: TabularModel, states: Int, actions: Int,
    using random: RandomStream
  ) {
    self.settings = settings
    self.learner = learner
    self.model = model
    tried = TriedActions(states: states, actions: actions)
    planning = random.child("planning")
  }

  public mutating func prepare(copies: Int, for purpose: ActPurpose) {
    let streams = Array(repeating: RandomStream(seed: 0), count: copies)
    if purpose == .collect { exploration = streams } else { measurement = streams }
  }

  public mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    if purpose == .collect { exploration[copy] = random } else { measurement[copy] = random }
  }

  public mutating func act(on observation: [Float], of copy: Int, for purpose: ActPurpose, action: inout [Float]) {
    let state = NumberedStates.state(observation)
    action[0] = Float(
      purpose == .collect
        ? learner.act(in: state, explore: true, using: &exploration[copy])
        : learner.act(in: state, explore: false, using: &measurement[copy]))
  }

  public mutating func observe(
    _ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float], of copy: Int
  ) {
    let step = TabularStep(
      state: NumberedStates.state(observation), action: Int(action[0]), reward: Double(outcome.reward),
      next: NumberedStates.state(next),
      terminates: outcome.ending == .terminated)
    tried.note(step.state, step.action)
    model.observe(step)
    errors.append(update(step.state, step.action))
  }

  public mutating func improve(metrics: inout MetricRow) {
    defer { errors.removeAll(keepingCapacity: true) }
    for error in errors { metrics.record("td_error", Float(abs(error))) }
    guard settings.planningSteps > 0, !errors.isEmpty, !tried.isEmpty else { return }
    let start = ContinuousClock.now
    defer { phases.learning += seconds(from: start) }
    var sum = 0.0
    let steps = errors.count * settings.planningSteps
    for _ in 0..<steps {
      let (state, action) = tried.draw(untried: settings.kappa > 0, using: &planning)
      let bonus = settings.kappa > 0 ? settings.kappa * Double(tried.age(of: state, action)).squareRoot() : 0
      sum += abs(update(state, action, bonus: bonus))
    }
    metrics.record("imagined_td_error", Float(sum / Double(steps)))
  }

  /// One update in the model; returns the error that there was.
  private mutating func update(_ state: Int, _ action: Int, bonus: Double = 0) -> Double {
    let expected = model.expectation(of: action, in: state, discount: learner.discount) { learner.value(of: $0) }
    let target = expected ?? learner.discount * learner.value(of: state)
    return learner.update(state, action, toward: target + bonus)
  }
}

extension DynaQ: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("learner", &learner)
    try fields.field("model", &model)
    try fields.field("tried", &tried)
    try fields.field("exploration", copies: &exploration)
    try fields.field("planning", &planning)
  }
}
