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
  private var table: ActionValueTable

  /// A table of initial values.
  public init(_ settings: TabularQSettings, states: Int, actions: Int) {
    self.settings = settings
    table = ActionValueTable(states: states, actions: actions, initial: settings.initialValue)
  }

  /// Number of states, S.
  public var stateCount: Int { table.stateCount }
  /// Number of actions, A.
  public var actionCount: Int { table.actionCount }
  /// Q(s, a), [S, A] row-major.
  public package(set) var values: [Double] {
    get { table.elements }
    set { table.elements = newValue }
  }

  /// Discount of a step.
  public var discount: Double { settings.discount }

  /// Value of the best action in `state`.
  public func value(of state: Int) -> Double { table.best(in: state) }

  /// Expected value of the epsilon-greedy policy's action in `state`.
  public func expectedValue(of state: Int) -> Double { table.expectation(in: state, epsilon: settings.epsilon) }

  /// Q(state, action).
  public func value(of state: Int, _ action: Int) -> Double { table[state, action] }

  /// An action in `state`: one of the best, or with `explore` perhaps another.
  public func act(in state: Int, explore: Bool, using random: inout RandomStream) -> Int {
    if explore && Double(random.uniform()) < settings.epsilon { return random.index(below: actionCount) }
    return ActionValueTable.greedy(of: actionCount, using: &random) { table[state, $0] }
  }

  /// Moves Q(state, action) towards `target` and returns the error, target - Q(state, action), that there was.
  @discardableResult
  public mutating func update(_ state: Int, _ action: Int, toward target: Double) -> Double {
    table.move(state, action, toward: target, by: settings.stepSize)
  }
}

extension TabularQ: Archived {
  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("values", &table.elements)
  }
}
