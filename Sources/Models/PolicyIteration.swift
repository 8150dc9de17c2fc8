import Interfaces
import Kernels

extension MarkovDecisionProcess {
  /// Optimal values by policy iteration (Howard 1960; Sutton and Barto 2018, section 4.3), from the policy that takes
  /// action 0 everywhere: evaluation, then in each state an action that is better than the present one, until there is
  /// none.
  ///
  /// With `sweeps` of nil the policy is evaluated by a direct solution, O(S^3); otherwise by that many sweeps from the
  /// values before (modified policy iteration, Puterman and Shin 1978), which goes on until no action is better and no
  /// value changes by more than `tolerance`, or for `limit` rounds. In the result `sweeps` counts rounds and `change`
  /// is the largest difference between a value and its best action's.
  ///
  /// - Throws: `LinearAlgebraError` where a policy on the way has no values: undiscounted, if it may never end.
  public func policyIteration(
    discount: Double, sweeps: Int? = nil, tolerance: Double = 1e-12, limit: Int = 10_000
  ) throws(LinearAlgebraError) -> OptimalValues {
    precondition((0...1).contains(discount) && (sweeps ?? 1) > 0 && limit > 0, "discount \(discount), limit \(limit)")
    var (actions, values) = (Array(repeating: 0, count: stateCount), Array(repeating: 0.0, count: stateCount))
    var (rounds, change, isStable) = (0, Double.infinity, false)
    while !(isStable && (sweeps == nil || change <= tolerance)) && rounds < limit {
      let policy = policy(taking: actions)
      if let sweeps {
        values = evaluated(policy, discount: discount, from: values, tolerance: 0, limit: sweeps).values
      } else {
        values = try self.values(of: policy, discount: discount)
      }
      (change, isStable) = (0, true)
      for state in 0..<stateCount {
        let present = actionValue(state, actions[state], discount: discount, values: values)
        var best = present
        for action in 0..<actionCount {
          let value = actionValue(state, action, discount: discount, values: values)
          // more than rounding: equally good actions must not take turns for ever
          if value > best + 1e-13 * max(1, abs(best)) {
            (best, actions[state], isStable) = (value, action, false)
          }
        }
        change = max(change, abs(best - values[state]))
      }
      rounds += 1
    }
    return optimum(values, sweeps: rounds, change: change, discount: discount)
  }

  /// `values` [S] with those of all actions.
  func optimum(_ values: [Double], sweeps: Int, change: Double, discount: Double) -> OptimalValues {
    let actionValues = (0..<stateCount * actionCount).map {
      actionValue($0 / actionCount, $0 % actionCount, discount: discount, values: values)
    }
    return OptimalValues(actionValues: actionValues, values: values, sweeps: sweeps, change: change)
  }
}
