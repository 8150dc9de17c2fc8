import Interfaces
import Kernels

/// Values of numbered actions in numbered states, [S, A].
struct ActionValueTable: Sendable {
  let stateCount: Int
  let actionCount: Int
  /// Q(s, a), [S, A] row-major.
  var elements: [Double]

  init(states: Int, actions: Int, initial: Double) {
    precondition(states > 0 && actions > 0, "empty table")
    stateCount = states
    actionCount = actions
    elements = Array(repeating: initial, count: states * actions)
  }

  subscript(state: Int, action: Int) -> Double { elements[state * actionCount + action] }

  /// The largest value in `state`.
  func best(in state: Int) -> Double {
    var best = -Double.infinity
    for pair in state * actionCount..<(state + 1) * actionCount { best = max(best, elements[pair]) }
    return best
  }

  /// The expected value in `state` of the best actions with probability 1 - `epsilon`, each as often, and of any
  /// otherwise.
  func expectation(in state: Int, epsilon: Double) -> Double {
    var sum = 0.0
    for pair in state * actionCount..<(state + 1) * actionCount { sum += elements[pair] }
    return (1 - epsilon) * best(in: state) + epsilon * sum / Double(actionCount)
  }

  /// Moves Q(state, action) by the share `stepSize` towards `target`, and returns the error that there was.
  mutating func move(_ state: Int, _ action: Int, toward target: Double, by stepSize: Double) -> Double {
    precondition(action >= 0 && action < actionCount, "action \(action) of \(actionCount)")
    let pair = state * actionCount + action
    let error = target - elements[pair]
    elements[pair] += stepSize * error
    return error
  }

  /// Of `count` actions one with the largest value; among several one is drawn.
  static func greedy(of count: Int, using random: inout RandomStream, value: (_ action: Int) -> Double) -> Int {
    var best = -Double.infinity
    for action in 0..<count { best = max(best, value(action)) }
    var ties = 0
    for action in 0..<count where value(action) == best { ties += 1 }
    var chosen = ties > 1 ? random.index(below: ties) : 0
    for action in 0..<count where value(action) == best {
      if chosen == 0 { return action }
      chosen -= 1
    }
    return 0
  }
}
