import Interfaces
import Kernels

/// Values of a policy found by sweeps.
public struct EvaluatedPolicy: Sendable {
  /// V(s), [S].
  public let values: [Double]
  /// Sweeps over all states.
  public let sweeps: Int
  /// Largest change of a value in the last sweep.
  public let change: Double
}

extension MarkovDecisionProcess {
  /// Q(s, a) = sum over outcomes of p (r + discount * continues * V(s')), for values V [S]. O(outcomes of the pair).
  public func actionValue(_ state: Int, _ action: Int, discount: Double, values: [Double]) -> Double {
    var sum = 0.0
    for outcome in self[state, action] {
      sum += outcome.probability * (outcome.reward + (outcome.terminates ? 0 : discount * values[outcome.next]))
    }
    return sum
  }

  /// The policy that draws every action with the same probability, [S, A].
  public var uniformPolicy: [Double] {
    Array(repeating: 1 / Double(actionCount), count: stateCount * actionCount)
  }

  /// The policy that always takes `actions` [S], as probabilities [S, A].
  public func policy(taking actions: [Int]) -> [Double] {
    precondition(actions.count == stateCount, "\(actions.count) actions for \(stateCount) states")
    var policy = [Double](repeating: 0, count: stateCount * actionCount)
    for (state, action) in actions.enumerated() { policy[state * actionCount + action] = 1 }
    return policy
  }

  /// Values V [S] of `policy` [S, A] by the direct solution of V = r + discount P V (Sutton and Barto 2018, equation
  /// 4.4). O(S^3) and 8 S^2 bytes.
  ///
  /// - Throws: `LinearAlgebraError` where there is none: undiscounted, under a policy that may never end.
  public func values(of policy: [Double], discount: Double) throws(LinearAlgebraError) -> [Double] {
    precondition(policy.count == stateCount * actionCount && (0...1).contains(discount), "policy or discount")
    var system = DoubleMatrix.identity(stateCount)
    var rewards = DoubleMatrix(rows: stateCount, columns: 1)
    for state in 0..<stateCount {
      for action in 0..<actionCount {
        let share = policy[state * actionCount + action]
        for outcome in self[state, action] where share > 0 {
          rewards[state, 0] += share * outcome.probability * outcome.reward
          if !outcome.terminates { system[state, outcome.next] -= discount * share * outcome.probability }
        }
      }
    }
    return try system.solve(rewards).elements
  }

  /// The same by iterative policy evaluation (section 4.1), each state's new value used at once, from `initial` [S] or
  /// 0 on, until a sweep changes no value by more than `tolerance` or after `limit` sweeps: the caller looks at
  /// `change`. A sweep is O(number of outcomes).
  public func evaluated(
    _ policy: [Double], discount: Double, from initial: [Double]? = nil, tolerance: Double = 1e-12,
    limit: Int = 100_000
  ) -> EvaluatedPolicy {
    precondition(policy.count == stateCount * actionCount && (0...1).contains(discount), "policy or discount")
    var (values, sweeps, change) = (
      initial ?? Array(repeating: 0, count: stateCount), 0, Double.infinity
    )
    precondition(values.count == stateCount && limit > 0, "\(values.count) values, limit \(limit)")
    while change > tolerance && sweeps < limit {
      change = 0
      for state in 0..<stateCount {
        var sum = 0.0
        for action in 0..<actionCount {
          let share = policy[state * actionCount + action]
          if share > 0 { sum += share * actionValue(state, action, discount: discount, values: values) }
        }
        change = max(change, abs(sum - values[state]))
        values[state] = sum
      }
      sweeps += 1
    }
    return EvaluatedPolicy(values: values, sweeps: sweeps, change: change)
  }
}
