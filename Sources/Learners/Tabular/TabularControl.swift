import Archive
import Interfaces
import Kernels

/// Learns action values of numbered states from the steps of its own policy, each when it has been taken.
public protocol TabularControl: Archived {
  /// Whether targets count the action that is taken next, so that a step is learned from when that has been chosen.
  var needsNextAction: Bool { get }

  /// An action in `state`: one of the best, or with `explore` perhaps another.
  func act(in state: Int, explore: Bool, using random: inout RandomStream) -> Int

  /// Learns from `step`, after which `nextAction` was chosen; nil where none is needed, the episode terminated or was
  /// cut off. Returns the error that there was.
  mutating func learn(from step: TabularStep, nextAction: Int?, using random: inout RandomStream) -> Double
}

/// SARSA (Rummery and Niranjan 1994; Sutton and Barto 2018, section 6.4) and expected SARSA (van Seijen et al. 2009;
/// section 6.6) with an epsilon-greedy policy.
///
///     target = r + discount * continues * Q(s', a')                       a' the action taken next
///     target = r + discount * continues * E[Q(s', a')]                    expected, under the epsilon-greedy policy
///
/// Where an episode was cut off no action follows, and both use the expectation.
public struct Sarsa: TabularControl, Sendable {
  private var table: TabularQ
  private let isExpected: Bool

  /// A table of initial values; with `isExpected` for expected SARSA.
  public init(_ settings: TabularQSettings, isExpected: Bool, states: Int, actions: Int) {
    table = TabularQ(settings, states: states, actions: actions)
    self.isExpected = isExpected
  }

  public var needsNextAction: Bool { !isExpected }

  /// Q(s, a), [S, A] row-major.
  public package(set) var values: [Double] {
    get { table.values }
    set { table.values = newValue }
  }

  public func act(in state: Int, explore: Bool, using random: inout RandomStream) -> Int {
    table.act(in: state, explore: explore, using: &random)
  }

  public mutating func learn(from step: TabularStep, nextAction: Int?, using random: inout RandomStream) -> Double {
    let following =
      step.terminates ? 0 : nextAction.map { table.value(of: step.next, $0) } ?? table.expectedValue(of: step.next)
    return table.update(step.state, step.action, toward: step.reward + table.discount * following)
  }

  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) { try fields.inline(&table) }
}

/// Double Q-learning (van Hasselt 2010; Sutton and Barto 2018, section 6.7): two tables, of which a coin says which one
/// learns from a step.
///
///     a* = argmax_a Q(s', a) of the one that learns      target = r + discount * continues * Q(s', a*) of the other
///
/// The policy is epsilon-greedy in their sum; equally good actions are drawn everywhere.
public struct DoubleTabularQ: TabularControl, Sendable {
  private let settings: TabularQSettings
  private var (first, second): (ActionValueTable, ActionValueTable)

  /// Two tables of initial values.
  public init(_ settings: TabularQSettings, states: Int, actions: Int) {
    self.settings = settings
    first = ActionValueTable(states: states, actions: actions, initial: settings.initialValue)
    second = first
  }

  public var needsNextAction: Bool { false }

  /// Both tables, [S, A] row-major.
  package var tables: (first: [Double], second: [Double]) {
    get { (first.elements, second.elements) }
    set { (first.elements, second.elements) = newValue }
  }

  /// Means of both tables, [S, A] row-major.
  public var values: [Double] { zip(first.elements, second.elements).map { ($0 + $1) / 2 } }

  public func act(in state: Int, explore: Bool, using random: inout RandomStream) -> Int {
    if explore && Double(random.uniform()) < settings.epsilon { return random.index(below: first.actionCount) }
    return ActionValueTable.greedy(of: first.actionCount, using: &random) { first[state, $0] + second[state, $0] }
  }

  public mutating func learn(from step: TabularStep, nextAction: Int?, using random: inout RandomStream) -> Double {
    let isFirst = random.index(below: 2) == 0
    func target(_ learning: ActionValueTable, _ other: ActionValueTable) -> Double {
      guard !step.terminates else { return step.reward }
      let best = ActionValueTable.greedy(of: learning.actionCount, using: &random) { learning[step.next, $0] }
      return step.reward + settings.discount * other[step.next, best]
    }
    let goal = isFirst ? target(first, second) : target(second, first)
    return isFirst
      ? first.move(step.state, step.action, toward: goal, by: settings.stepSize)
      : second.move(step.state, step.action, toward: goal, by: settings.stepSize)
  }

  public mutating func archive(_ fields: inout StateFields) throws(ArchiveError) {
    try fields.field("first", &first.elements)
    try fields.field("second", &second.elements)
  }
}
