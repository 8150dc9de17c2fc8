import Archive
import Interfaces
import Kernels
import Models

/// Plans in a finite Markov decision process by dynamic programming, and takes the best action: in the environment's
/// own process, planned in once, or in one that is learned from counts of outcomes, with epsilon-greedy exploration and
/// a new plan every so many steps. Actions never tried count as leading back to their state without reward.
///
/// Equally good actions are not drawn: the first one is taken. Observations must be one-hot.
struct DynamicProgrammingAgent: RowwiseAgent {
  /// Plans in a process; nil where it has no values.
  typealias Search = @Sendable (MarkovDecisionProcess) -> OptimalValues?

  private let settings: DynamicProgrammingSettings
  private let search: Search
  /// Nil where the process is known.
  private var model: TabularModel?
  /// The best action in each state, [S].
  private var actions: [Int]
  private let actionCount: Int
  private var stepsSincePlan = 0
  /// Rounds and error of a plan that has not been recorded.
  private var (rounds, residual): (Int?, Double) = (nil, 0)
  private var exploration = [RandomStream(seed: 0)]
  private(set) var phases = PhaseSeconds()

  /// Rounds of planning, and the largest difference between a value and its best action's.
  var metricNames: [String] { ["planning_rounds", "bellman_error"] }

  /// An agent that plans in `process` once.
  init(_ settings: DynamicProgrammingSettings, in process: MarkovDecisionProcess, search: @escaping Search) {
    self.init(settings, states: process.stateCount, actions: process.actionCount, model: nil, search: search)
    plan(in: process)
  }

  /// An agent that learns the process of `states` states and `actions` actions.
  init(_ settings: DynamicProgrammingSettings, states: Int, actions: Int, search: @escaping Search) {
    var kind = TabularModelSettings()
    kind.kind = .empirical
    self.init(
      settings, states: states, actions: actions, model: TabularModel(kind, states: states, actions: actions),
      search: search)
  }

  private init(
    _ settings: DynamicProgrammingSettings, states: Int, actions count: Int, model: TabularModel?,
    search: @escaping Search
  ) {
    self.settings = settings
    self.search = search
    self.model = model
    actions = Array(repeating: 0, count: states)
    actionCount = count
  }

  private mutating func plan(in process: MarkovDecisionProcess) {
    let start = ContinuousClock.now
    defer { phases.planning += seconds(from: start) }
    guard let plan = search(process) else { return }
    for state in actions.indices {
      let row = plan.actionValues[state * actionCount..<(state + 1) * actionCount]
      actions[state] = row.indices.reduce(row.startIndex) { row[$1] > row[$0] ? $1 : $0 } - row.startIndex
    }
    (rounds, residual) = (plan.sweeps, plan.change)
  }

  mutating func prepare(copies: Int, for purpose: ActPurpose) {
    if purpose == .collect { exploration = Array(repeating: RandomStream(seed: 0), count: copies) }
  }

  mutating func startEpisode(of copy: Int, for purpose: ActPurpose, using random: RandomStream) {
    if purpose == .collect { exploration[copy] = random }
  }

  mutating func act(on observation: [Float], of copy: Int, for purpose: ActPurpose, action: inout [Float]) {
    let best = actions[NumberedStates.state(observation)]
    guard purpose == .collect, model != nil, Double(exploration[copy].uniform()) < settings.epsilon else {
      action[0] = Float(best)
      return
    }
    action[0] = Float(exploration[copy].index(below: actionCount))
  }

  mutating func observe(
    _ observation: [Float], _ action: [Float], _ outcome: StepOutcome, next: [Float], of copy: Int
  ) {
    guard model != nil else { return }
    stepsSincePlan += 1
    model?.observe(
      TabularStep(
        state: NumberedStates.state(observation), action: Int(action[0]), reward: Double(outcome.reward),
        next: NumberedStates.state(next), terminates: outcome.ending == .terminated))
  }

  mutating func improve(metrics: inout MetricRow) {
    if let model, stepsSincePlan >= settings.planInterval {
      stepsSincePlan = 0
      plan(in: model.process)
    }
    guard let rounds else { return }
    metrics.record("planning_rounds", Float(rounds))
    metrics.record("bellman_error", Float(residual))
    self.rounds = nil
  }
}

extension DynamicProgrammingAgent: Checkpointable {
  func save(to writer: inout StateWriter) {
    if let model { writer.write("model", model) }
    writer.write("actions", actions)
    writer.write("steps_since_plan", stepsSincePlan)
    writer.write("is_recorded", rounds == nil)
    writer.write("exploration", copies: exploration)
  }

  mutating func restore(from reader: StateReader) throws(ArchiveError) {
    if var known = model {
      try reader.read("model", into: &known)
      model = known
    }
    actions = try reader.read("actions", as: Int64.self, shape: [actions.count]).map { Int($0) }
    stepsSincePlan = try reader.integer("steps_since_plan")
    if try reader.bool("is_recorded") { rounds = nil }
    try reader.read("exploration", intoCopies: &exploration)
  }
}
