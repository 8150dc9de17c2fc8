import Interfaces

/// What value iteration or policy iteration found.
public struct OptimalValues: Sendable {
  /// Q*(s, a), [S, A] row-major.
  public let actionValues: [Double]
  /// V*(s), [S].
  public let values: [Double]
  /// Sweeps over all states.
  public let sweeps: Int
  /// Largest change of a value in the last sweep.
  public let change: Double
}

extension MarkovDecisionProcess {
  /// Optimal values by value iteration (Sutton and Barto 2018, section 4.4), each state's new value used at once:
  /// Q(s, a) = sum over outcomes of p (r + discount * continues * V(s')), V(s) = max_a Q(s, a).
  ///
  /// Stops after a sweep that changes no value by more than `tolerance`, or after `limit` sweeps: the caller looks at
  /// `change`. Undiscounted, only processes that always end converge. A sweep is O(number of outcomes).
  public func optimalValues(discount: Double, tolerance: Double = 1e-12, limit: Int = 100_000) -> OptimalValues {
    precondition((0...1).contains(discount) && tolerance >= 0 && limit > 0, "discount \(discount), limit \(limit)")
    var (values, sweeps, change) = ([Double](repeating: 0, count: stateCount), 0, Double.infinity)
    while change > tolerance && sweeps < limit {
      change = 0
      for state in 0..<stateCount {
        var best = -Double.infinity
        for action in 0..<actionCount {
          best = max(best, actionValue(state, action, discount: discount, values: values))
        }
        change = max(change, abs(best - values[state]))
        values[state] = best
      }
      sweeps += 1
    }
    return optimum(values, sweeps: sweeps, change: change, discount: discount)
  }
}
