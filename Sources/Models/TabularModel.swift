import Archive
import Configuration
import Interfaces
import Kernels

/// Settings of a tabular model.
public struct TabularModelSettings: Configuration {
  /// What is remembered of a state and action.
  public enum Kind: String, CaseIterable, SettingValue {
    /// What followed the last time: enough in a deterministic world, and it forgets at once.
    case deterministic
    /// How often each outcome followed: p(s' | s, a) and r(s, a) as frequencies and means.
    case empirical
  }

  public init() {}
  @Setting("What is remembered of an action in a state: its last outcome, or how often each outcome followed")
  public var kind: Kind = .deterministic
}

/// Learned p(s' | s, a) and r(s, a) of numbered states and actions.
///
/// The outcomes of a pair are a list in one pool, so that memory grows with the different outcomes seen and not with the
/// square of the number of states. Taking in a step and an expectation are linear in the outcomes of the pair.
public struct TabularModel: Sendable {
  /// What was set.
  public let settings: TabularModelSettings
  /// Number of states, S.
  public let stateCount: Int
  /// Number of actions, A.
  public let actionCount: Int
  /// First entry of each pair in the pool, and how often the pair was tried, [S * A]; -1 where it never was.
  private var heads: [Int]
  private var tries: [Int]
  /// The pool: next state, whether it ended the episode, how often, sum of rewards, and the pair's next entry. All have
  /// as many elements as the pool has entries.
  private var successors: [Int] = []
  private var ends: [UInt8] = []
  private var counts: [Int] = []
  package private(set) var rewards: [Double] = []
  private var links: [Int] = []

  /// A model that has seen nothing.
  public init(_ settings: TabularModelSettings, states: Int, actions: Int) {
    precondition(states > 0 && actions > 0, "empty model")
    self.settings = settings
    stateCount = states
    actionCount = actions
    heads = Array(repeating: -1, count: states * actions)
    tries = Array(repeating: 0, count: states * actions)
  }

  private func pair(_ state: Int, _ action: Int) -> Int {
    precondition(
      state >= 0 && state < stateCount && action >= 0 && action < actionCount, "state \(state), action \(action)")
    return state * actionCount + action
  }

  /// Takes in a real step. Allocates at most where a pair has an outcome for the first time.
  public mutating func observe(_ step: TabularStep) {
    let pair = pair(step.state, step.action)
    precondition(step.next >= 0 && step.next < stateCount, "state \(step.next)")
    let end: UInt8 = step.terminates ? 1 : 0
    if settings.kind == .deterministic, heads[pair] >= 0 {
      let entry = heads[pair]
      (successors[entry], ends[entry], rewards[entry]) = (step.next, end, step.reward)
      return
    }
    tries[pair] += 1
    var entry = heads[pair]
    while entry >= 0, successors[entry] != step.next || ends[entry] != end { entry = links[entry] }
    if entry >= 0 {
      counts[entry] += 1
      rewards[entry] += step.reward
    } else {
      successors.append(step.next)
      ends.append(end)
      counts.append(1)
      rewards.append(step.reward)
      links.append(heads[pair])
      heads[pair] = successors.count - 1
    }
  }

  /// Expectation of reward + discount * continues * `value`(next state) over what the model knows to follow `action` in
  /// `state`; nil where that was never tried. Does not allocate.
  public func expectation(
    of action: Int, in state: Int, discount: Double, value: (_ next: Int) -> Double
  ) -> Double? {
    let pair = pair(state, action)
    guard heads[pair] >= 0 else { return nil }
    // sum over outcomes of (sum of rewards + count * discount * continues * V(s')) / tries
    var (sum, entry) = (0.0, heads[pair])
    while entry >= 0 {
      sum += rewards[entry]
      if ends[entry] == 0 { sum += Double(counts[entry]) * discount * value(successors[entry]) }
      entry = links[entry]
    }
    return sum / Double(tries[pair])
  }

  /// The model as a process. Pairs that were never tried lead back to their state without reward.
  public var process: MarkovDecisionProcess {
    MarkovDecisionProcess(states: stateCount, actions: actionCount) { state, action in
      let pair = pair(state, action)
      var (outcomes, entry) = ([MarkovDecisionProcess.Outcome](), heads[pair])
      while entry >= 0 {
        outcomes.append(
          MarkovDecisionProcess.Outcome(
            next: successors[entry], probability: Double(counts[entry]) / Double(tries[pair]),
            reward: rewards[entry] / Double(counts[entry]), terminates: ends[entry] != 0))
        entry = links[entry]
      }
      return outcomes.isEmpty ? [MarkovDecisionProcess.Outcome(next: state)] : outcomes
    }
  }
}

extension TabularModel: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("successors", &successors, growing: true, in: 0...stateCount - 1)
    let size = successors.count
    try fields.field("heads", &heads, in: -1...size - 1)
    try fields.field("tries", &tries)
    try fields.field("ends", &ends, count: size)
    try fields.field("counts", &counts, count: size)
    try fields.field("rewards", &rewards, count: size)
    try fields.field("links", &links, count: size, in: -1...size - 1)
    // Each entry leads to one that was added before it: a list that leads back to itself would never end.
    for (entry, link) in links.enumerated() where link >= entry {
      throw .mismatch(name: "links", expected: "less than \(entry)", found: "\(link)")
    }
  }
}
