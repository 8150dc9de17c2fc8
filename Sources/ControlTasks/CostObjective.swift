import Interfaces

/// Rewards of steps that cost what the state they lead to and the action do: r = -(l(x') + l(u)). Never terminates.
public struct CostObjective: DifferentiableObjective {
  /// The cost; the same at all times.
  public let cost: CostSum
  let low: [Float]
  let high: [Float]

  /// Of actions clipped to `low`...`high` first.
  public init(_ cost: CostSum, low: [Float], high: [Float]) {
    precondition(cost.isConstant, "a cost that depends on time is no function of states and actions")
    precondition(low.count == cost.actionSize && high.count == cost.actionSize, "bounds of other actions")
    self.cost = cost
    self.low = low
    self.high = high
  }

  public func evaluate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    rewards: UnsafeMutablePointer<Float>, terminated: UnsafeMutablePointer<Bool>
  ) {
    let (n, m) = (cost.stateSize, cost.actionSize)
    terminated.update(repeating: false, count: count)
    withUnsafeTemporaryAllocation(of: Double.self, capacity: n) { buffer in
      guard let state = buffer.baseAddress else { return }
      for row in 0..<count {
        for index in 0..<n { state[index] = Double(next[row * n + index]) }
        var effort = 0.0
        for index in 0..<m {
          let action = Double(min(max(actions[row * m + index], low[index]), high[index]))
          effort += cost.actionWeights[index] * action * action
        }
        rewards[row] = Float(-cost.stateCost(state, step: 0, horizon: 0) - effort)
      }
    }
  }

  public func differentiate(
    count: Int, states: UnsafePointer<Float>, actions: UnsafePointer<Float>, next: UnsafePointer<Float>,
    stateGradients: UnsafeMutablePointer<Float>, actionGradients: UnsafeMutablePointer<Float>,
    nextGradients: UnsafeMutablePointer<Float>
  ) {
    let (n, m) = (cost.stateSize, cost.actionSize)
    stateGradients.update(repeating: 0, count: count * n)
    withUnsafeTemporaryAllocation(of: Double.self, capacity: n) { states in
      withUnsafeTemporaryAllocation(of: Double.self, capacity: n) { slopes in
        guard let state = states.baseAddress, let slope = slopes.baseAddress else { return }
        for row in 0..<count {
          for index in 0..<n { state[index] = Double(next[row * n + index]) }
          slope.update(repeating: 0, count: n)
          cost.expandState(state, step: 0, horizon: 0, gradient: slope, hessian: nil)
          for index in 0..<n { nextGradients[row * n + index] = Float(-slope[index]) }
          for index in 0..<m {
            let action = actions[row * m + index]
            let isInside = action >= low[index] && action <= high[index]
            actionGradients[row * m + index] =
              isInside ? Float(-2 * cost.actionWeights[index] * Double(action)) : 0
          }
        }
      }
    }
  }
}
