import Interfaces
import Kernels

extension IterativeLQR {
  /// Follows the actions from x_0. False if the trajectory diverges.
  mutating func follow() -> Bool {
    let (n, m, horizon) = (dynamics.stateSize, dynamics.actionSize, horizon)
    schedule.reset()
    isExpanded = false
    states.withUnsafeMutableBufferPointer { states in
      actions.withUnsafeBufferPointer { actions in
        guard let states = states.baseAddress, let actions = actions.baseAddress else { return }
        for t in 0..<horizon {
          simulation.step(count: 1, states: states + t * n, actions: actions + t * m, next: states + (t + 1) * n)
        }
      }
    }
    cost = totalCost(states, actions)
    return cost.isFinite
  }

  /// Follows u_t + α k_t + K_t δx_t, within the bounds, into the candidate; its cost.
  mutating func rollOut(_ alpha: Double) -> Double {
    let (n, k, m) = (dynamics.stateSize, dynamics.tangentSize, dynamics.actionSize)
    // properties that do not change, out of the way of the exclusive accesses below
    let (horizon, low, high, dynamics) = (horizon, low, high, dynamics)
    for i in 0..<n { candidateStates[i] = states[i] }
    candidateStates.withUnsafeMutableBufferPointer { next in
      candidateActions.withUnsafeMutableBufferPointer { chosen in
        states.withUnsafeBufferPointer { states in
          guard let next = next.baseAddress, let chosen = chosen.baseAddress, let states = states.baseAddress else {
            return
          }
          for t in 0..<horizon {
            change.withUnsafeMutableBufferPointer { change in
              guard let change = change.baseAddress else { return }
              dynamics.difference(from: states + t * n, to: next + t * n, into: change)
            }
            for i in 0..<m {
              var action = actions[t * m + i] + alpha * recursion.law.offsets[t * m + i]
              for j in 0..<k { action += recursion.law.gains[(t * m + i) * k + j] * change[j] }
              chosen[t * m + i] = Swift.min(Swift.max(action, low[i]), high[i])
            }
            simulation.step(count: 1, states: next + t * n, actions: chosen + t * m, next: next + (t + 1) * n)
          }
        }
      }
    }
    return totalCost(candidateStates, candidateActions)
  }

  private mutating func totalCost(_ states: [Double], _ actions: [Double]) -> Double {
    let horizon = horizon
    costs.withUnsafeMutableBufferPointer { costs in
      guard let costs = costs.baseAddress else { return }
      simulation.evaluateCosts(count: horizon + 1, states: states, actions: actions, costs: costs)
    }
    // a weight of zero means that the last state does not count at all, whatever it costs
    var sum = settings.terminalWeight == 0 ? 0 : settings.terminalWeight * costs[horizon]
    for t in 0..<horizon { sum += costs[t] }
    return sum
  }

  /// Derivatives along the trajectory.
  mutating func expand() {
    let (m, horizon, low, high) = (dynamics.actionSize, horizon, low, high)
    simulation.quadratize(states: states, actions: actions, into: &problem.costs)
    problem.dynamics.stateJacobians.withUnsafeMutableBufferPointer { a in
      problem.dynamics.actionJacobians.withUnsafeMutableBufferPointer { b in
        guard let a = a.baseAddress, let b = b.baseAddress else { return }
        simulation.linearize(
          count: horizon, states: states, actions: actions, stateJacobians: a, actionJacobians: b)
      }
    }
    weighLastState()
    if settings.usesCurvature { addCurvature() }
    if problem.bounds != nil {
      for i in 0..<horizon * m {
        problem.bounds?.low[i] = low[i % m] - actions[i]
        problem.bounds?.high[i] = high[i % m] - actions[i]
      }
    }
    isExpanded = true
  }

  private mutating func weighLastState() {
    let (k, t, weight) = (dynamics.tangentSize, horizon, settings.terminalWeight)
    func weighed(_ value: Double) -> Double { weight == 0 ? 0 : weight * value }
    problem.costs.values[t] = weighed(problem.costs.values[t])
    for i in t * k..<(t + 1) * k { problem.costs.stateGradients[i] = weighed(problem.costs.stateGradients[i]) }
    for i in t * k * k..<(t + 1) * k * k { problem.costs.stateHessians[i] = weighed(problem.costs.stateHessians[i]) }
  }

  /// Adds λ_{t+1}ᵀ∂²f with the costates λ_t = q_t + A_tᵀ λ_{t+1}.
  private mutating func addCurvature() {
    let (k, horizon) = (dynamics.tangentSize, horizon)
    for i in 0..<k { multipliers[horizon * k + i] = problem.costs.stateGradients[horizon * k + i] }
    for t in stride(from: horizon - 1, through: 0, by: -1) {
      for i in 0..<k {
        var sum = problem.costs.stateGradients[t * k + i]
        for j in 0..<k {
          sum += problem.dynamics.stateJacobians[(t * k + j) * k + i] * multipliers[(t + 1) * k + j]
        }
        multipliers[t * k + i] = sum
      }
    }
    multipliers.withUnsafeBufferPointer { multipliers in
      guard let multipliers = multipliers.baseAddress else { return }
      _ = simulation.addCurvature(
        count: horizon, states: states, actions: actions, multipliers: multipliers + k, into: &problem.costs)
    }
  }
}
