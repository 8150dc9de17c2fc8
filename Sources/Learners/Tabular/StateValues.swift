import Archive
import Configuration

/// How an eligibility trace grows when its state is visited.
public enum EligibilityTrace: String, CaseIterable, SettingValue {
  /// By 1.
  case accumulating
  /// To 1.
  case replacing
}

/// Values of numbered states under the policy that is followed: TD(lambda) with eligibility traces (Sutton and Barto
/// 2018, chapter 12, on a table).
///
///     delta = r + discount V(s') - V(s)            V(s') is 0 where the episode terminated
///     e     = discount lambda e, then grown at s   V += stepSize delta e
///
/// Lambda 0 is TD(0). Offline, values change only when an episode has ended; lambda 1 with accumulating traces is then
/// every-visit Monte Carlo with a constant step size, `MonteCarloValues`. A step costs O(S).
public struct StateValues: Sendable {
  /// Share of an error that an update corrects.
  public let stepSize: Double
  /// Discount of a step.
  public let discount: Double
  /// Decay of traces besides the discount.
  public let lambda: Double
  /// How traces grow.
  public let trace: EligibilityTrace
  /// Whether values change with every step; otherwise at the end of each episode.
  public let isOnline: Bool
  /// V(s), [S].
  public private(set) var values: [Double]
  private var traces: [Double]
  /// Changes of the episode under way that are not in `values` yet.
  private var changes: [Double]

  /// `states` values of `initial` each.
  public init(
    states: Int, initial: Double = 0, stepSize: Double, discount: Double, lambda: Double,
    trace: EligibilityTrace = .accumulating, isOnline: Bool = true
  ) {
    precondition(states > 0 && (0...1).contains(discount) && (0...1).contains(lambda), "settings out of range")
    self.stepSize = stepSize
    self.discount = discount
    self.lambda = lambda
    self.trace = trace
    self.isOnline = isOnline
    values = Array(repeating: initial, count: states)
    traces = Array(repeating: 0, count: states)
    changes = traces
  }

  /// Takes in a step from `state` with `reward` to `next`, nil where the episode terminated.
  public mutating func observe(_ state: Int, reward: Double, next: Int?) {
    let error = reward + discount * (next.map { values[$0] } ?? 0) - values[state]
    let decay = discount * lambda
    for s in traces.indices { traces[s] *= decay }
    traces[state] = trace == .accumulating ? traces[state] + 1 : 1
    let scale = stepSize * error
    if isOnline {
      for s in values.indices { values[s] += scale * traces[s] }
    } else {
      for s in values.indices { changes[s] += scale * traces[s] }
    }
    if next == nil { endEpisode() }
  }

  /// Forgets traces; called where an episode was truncated after its last step, which bootstrapped from its last state.
  public mutating func endEpisode() {
    for s in values.indices {
      values[s] += changes[s]
      (changes[s], traces[s]) = (0, 0)
    }
  }
}

extension StateValues: Checkpointable {
  public func save(to writer: inout StateWriter) {
    writer.write("values", values)
    writer.write("traces", traces)
    writer.write("changes", changes)
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    values = try reader.read("values", shape: [values.count])
    traces = try reader.read("traces", shape: [traces.count])
    changes = try reader.read("changes", shape: [changes.count])
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
  @Setting("Values change with every step; otherwise when an episode has ended, which is the lambda return's update")
  public var online: Bool = true
  @Setting("Values at first", in: -1e6...1e6) public var initialValue: Double = 0
}

extension StateValues {
  /// `states` values with these settings.
  public init(_ settings: StateValueSettings, states: Int) {
    self.init(
      states: states, initial: settings.initialValue, stepSize: settings.stepSize, discount: settings.discount,
      lambda: settings.lambda, trace: settings.trace, isOnline: settings.online)
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
