import Archive
import Configuration

/// How an eligibility trace grows when its state is visited.
public enum EligibilityTrace: String, CaseIterable, SettingValue {
  /// By 1.
  case accumulating
  /// To 1.
  case replacing
}

/// When values change.
public enum ValueUpdate: String, CaseIterable, SettingValue {
  /// With every step.
  case online
  /// At the end of the episode, by the sum of what the steps would have changed.
  case offline
  /// At the end of the episode, visit by visit toward its lambda return.
  case lambdaReturn = "lambda_return"
}

/// Values of numbered states under the policy that is followed: TD(lambda) with eligibility traces (Sutton and Barto
/// 2018, chapter 12, on a table).
///
///     delta = r + discount V(s') - V(s)            V(s') is 0 where the episode terminated
///     e     = discount lambda e, then grown at s   V += stepSize delta e
///
/// Lambda 0 is TD(0). Offline, values change only when an episode has ended; lambda 1 with accumulating traces is then
/// every-visit Monte Carlo with a constant step size, `MonteCarloValues`. A step costs O(S).
///
/// The offline lambda-return algorithm (section 12.1) has no traces. With G backward from the end, values being those
/// before, and then the visits in their order:
///
///     G(t) = r + discount ((1 - lambda) V(s') + lambda G(t + 1))       V(s) += stepSize (G(t) - V(s))
public struct StateValues: Sendable {
  /// Share of an error that an update corrects.
  public let stepSize: Double
  /// Discount of a step.
  public let discount: Double
  /// Decay of traces besides the discount.
  public let lambda: Double
  /// How traces grow.
  public let trace: EligibilityTrace
  /// When values change.
  public let update: ValueUpdate
  /// V(s), [S].
  public private(set) var values: [Double]
  private var traces: [Double]
  /// Changes of the episode under way that are not in `values` yet.
  private var changes: [Double]
  /// States, rewards and next states (-1 after the termination) of the episode under way, where lambda returns count.
  private var (visited, rewards, following): ([Int], [Double], [Int]) = ([], [], [])

  /// `states` values of `initial` each.
  public init(
    states: Int, initial: Double = 0, stepSize: Double, discount: Double, lambda: Double,
    trace: EligibilityTrace = .accumulating, update: ValueUpdate = .online
  ) {
    precondition(states > 0 && (0...1).contains(discount) && (0...1).contains(lambda), "settings out of range")
    self.stepSize = stepSize
    self.discount = discount
    self.lambda = lambda
    self.trace = trace
    self.update = update
    values = Array(repeating: initial, count: states)
    traces = Array(repeating: 0, count: states)
    changes = traces
  }

  /// Takes in a step from `state` with `reward` to `next`, nil where the episode terminated.
  public mutating func observe(_ state: Int, reward: Double, next: Int?) {
    guard update != .lambdaReturn else {
      visited.append(state)
      rewards.append(reward)
      following.append(next ?? -1)
      if next == nil { endEpisode() }
      return
    }
    let error = reward + discount * (next.map { values[$0] } ?? 0) - values[state]
    let decay = discount * lambda
    for s in traces.indices { traces[s] *= decay }
    traces[state] = trace == .accumulating ? traces[state] + 1 : 1
    let scale = stepSize * error
    if update == .online {
      for s in values.indices { values[s] += scale * traces[s] }
    } else {
      for s in values.indices { changes[s] += scale * traces[s] }
    }
    if next == nil { endEpisode() }
  }

  /// Forgets traces; called where an episode was truncated after its last step, which bootstrapped from its last state.
  public mutating func endEpisode() {
    guard update != .lambdaReturn else {
      followReturns()
      return
    }
    for s in values.indices {
      values[s] += changes[s]
      (changes[s], traces[s]) = (0, 0)
    }
  }

  /// Moves the values of the episode's visits toward their lambda returns, and forgets the episode.
  private mutating func followReturns() {
    // of a step after the last: what the last one bootstraps from
    var later = following.last.map { $0 < 0 ? 0 : values[$0] } ?? 0
    for t in visited.indices.reversed() {
      let next = following[t] < 0 ? 0 : values[following[t]]
      later = rewards[t] + discount * ((1 - lambda) * next + lambda * later)
      // the return takes the reward's place
      rewards[t] = later
    }
    for (state, wanted) in zip(visited, rewards) { values[state] += stepSize * (wanted - values[state]) }
    visited.removeAll(keepingCapacity: true)
    rewards.removeAll(keepingCapacity: true)
    following.removeAll(keepingCapacity: true)
  }
}

extension StateValues: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("values", &values)
    try fields.field("traces", &traces)
    try fields.field("changes", &changes)
    guard update == .lambdaReturn else { return }
    try fields.field("visited", &visited, growing: true, in: 0...max(values.count - 1, 0))
    try fields.field("rewards", &rewards, count: visited.count)
    try fields.field("following", &following, count: visited.count, in: -1...max(values.count - 1, 0))
  }
}

/// Settings of values learned by TD(lambda).
public struct StateValueSettings: Configuration {
  public init() {}
  @Setting("Share of an error that an update corrects", in: 1e-6...1) public var stepSize: Double = 0.1
  @Setting("Discount of a step", in: 0...1) public var discount: Double = 1
  @Setting("Decay of eligibility traces besides the discount; 0 is TD(0), 1 close to Monte Carlo", in: 0...1)
  public var lambda: Double = 0.8
  @Setting("How a trace grows when its state is visited: by 1, or to 1") public var trace: EligibilityTrace =
    .accumulating
  @Setting(
    "Values change with every step, or at the end of the episode: by the sum of it all, or toward lambda returns")
  public var update: ValueUpdate = .online
  @Setting("Values at first", in: -1e6...1e6) public var initialValue: Double = 0
}

extension StateValues {
  /// `states` values with these settings.
  public init(_ settings: StateValueSettings, states: Int) {
    self.init(
      states: states, initial: settings.initialValue, stepSize: settings.stepSize, discount: settings.discount,
      lambda: settings.lambda, trace: settings.trace, update: settings.update)
  }
}

/// Values of numbered states under the policy that is followed: every-visit Monte Carlo with a constant step size
/// (Sutton and Barto 2018, equation 6.1). Values change when an episode has ended, each visit's by its return's error
/// against the value before.
public struct MonteCarloValues: Sendable {
  /// Share of an error that an update corrects.
  public let stepSize: Double
  /// Discount of a step.
  public let discount: Double
  /// V(s), [S].
  public private(set) var values: [Double]
  private var episode: [(state: Int, reward: Double)] = []

  /// `states` values of `initial` each.
  public init(states: Int, initial: Double = 0, stepSize: Double, discount: Double) {
    precondition(states > 0 && (0...1).contains(discount), "settings out of range")
    self.stepSize = stepSize
    self.discount = discount
    values = Array(repeating: initial, count: states)
  }

  /// Takes in a step from `state` with `reward`; with `isLast` the episode terminated.
  public mutating func observe(_ state: Int, reward: Double, isLast: Bool) {
    episode.append((state, reward))
    guard isLast else { return }
    let before = values
    var total = 0.0
    for (state, reward) in episode.reversed() {
      total = reward + discount * total
      values[state] += stepSize * (total - before[state])
    }
    episode.removeAll(keepingCapacity: true)
  }
}
