import Archive
import Configuration
import Interfaces
import Kernels

/// Settings of tabular Q-learning.
public struct TabularQSettings: Configuration {
  public init() {}
  @Setting("Share of an error that an update corrects", in: 1e-6...1) public var stepSize: Double = 0.1
  @Setting("Discount of a step", in: 0...1) public var discount: Double = 0.95
  @Setting("Probability of a random action when exploring", in: 0...1) public var epsilon: Double = 0.1
  @Setting("Values at first; high ones make it try everything", in: -1e6...1e6) public var initialValue: Double = 0
}

/// A table of action values with an epsilon-greedy policy: Q-learning (Watkins 1989), where each target is
/// r + discount * continues * max_a Q(s', a) or its expectation in a model.
///
/// Among equally good actions one is drawn, also when measured.
public struct TabularQ: Sendable {
  /// What was set.
  public let settings: TabularQSettings
  /// Number of states, S.
  public let stateCount: Int
  /// Number of actions, A.
  public let actionCount: Int
  /// Q(s, a), [S, A] row-major.
  public private(set) var values: [Double]

  /// A table of initial values.
  public init(_ settings: TabularQSettings, states: Int, actions: Int) {
    precondition(states > 0 && actions > 0, "empty table")
    self.settings = settings
    stateCount = states
    actionCount = actions
    values = Array(repeating: settings.initialValue, count: states * actions)
  }

  /// Discount of a step.
  public var discount: Double { settings.discount }

  /// Value of the best action in `state`.
  public func value(of state: Int) -> Double {
    var best = -Double.infinity
    for pair in state * actionCount..<(state + 1) * actionCount { best = max(best, values[pair]) }
    return best
  }

  /// An action in `state`: one of the best, or with `explore` perhaps another.
  public func act(in state: Int, explore: Bool, using random: inout RandomStream) -> Int {
    if explore && Double(random.uniform()) < settings.epsilon { return random.index(below: actionCount) }
    let (best, first) = (value(of: state), state * actionCount)
    var ties = 0
    for action in 0..<actionCount where values[first + action] == best { ties += 1 }
    var chosen = ties > 1 ? random.index(below: ties) : 0
    for action in 0..<actionCount where values[first + action] == best {
      if chosen == 0 { return action }
      chosen -= 1
    }
    return 0
  }

  /// Moves Q(state, action) towards `target` and returns the error, target - Q(state, action), that there was.
  @discardableResult
  public mutating func update(_ state: Int, _ action: Int, toward target: Double) -> Double {
    precondition(action >= 0 && action < actionCount, "action \(action) of \(actionCount)")
    let pair = state * actionCount + action
    let error = target - values[pair]
    values[pair] += settings.stepSize * error
    return error
  }
}

extension TabularQ: Checkpointable {
  public func save(to writer: inout StateWriter) { writer.write("values", values) }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    values = try reader.read("values", shape: [values.count])
  }
}
