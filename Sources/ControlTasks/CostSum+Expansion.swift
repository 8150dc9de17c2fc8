import Interfaces

extension CostSum {
  /// The cost of `state` [n], with its gradient added to `gradient` [n] and its Hessian to `hessian` [n, n] where they are
  /// wanted. Does not allocate.
  @discardableResult
  public func expandState(
    _ state: UnsafePointer<Double>, step: Int, horizon: Int, gradient: UnsafeMutablePointer<Double>,
    hessian: UnsafeMutablePointer<Double>?
  ) -> Double {
    let n = stateSize
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: n) { slopes in
      guard let slopes = slopes.baseAddress else { return 0 }
      var sum = 0.0
      for term in terms {
        let factor = term.time.factor(step: step, horizon: horizon)
        guard factor != 0 else { continue }
        let (value, slope, second) = term.penalty.derivatives(term.distance.value(state))
        sum += factor * value
        term.distance.addGradient(state, scale: factor * slope, to: gradient)
        guard let hessian else { continue }
        // of l(D): l' ∂²D + l'' ∇D ∇Dᵀ, and what stands for it where it is to be positive semidefinite
        let isExact = curvature == .exact
        if isExact || slope >= 0 {
          term.distance.addHessian(state, scale: factor * slope, gaussNewton: !isExact, stride: n, to: hessian)
        }
        let rankOne = isExact ? second : slope < 0 && value > 0 ? slope * slope / (2 * value) : 0
        guard rankOne != 0 else { continue }
        slopes.update(repeating: 0, count: n)
        term.distance.addGradient(state, scale: 1, to: slopes)
        for row in 0..<n where slopes[row] != 0 {
          for column in 0..<n { hessian[row * n + column] += factor * rankOne * slopes[row] * slopes[column] }
        }
      }
      return sum
    }
  }

  public func quadratize(
    horizon: Int, states: UnsafePointer<Double>, actions: UnsafePointer<Double>, into costs: inout QuadraticCosts
  ) {
    let (n, m) = (stateSize, actionSize)
    precondition(
      costs.count == horizon + 1 && costs.tangentSize == n && costs.actionSize == m,
      "an expansion of \(costs.count) steps of [\(costs.tangentSize), \(costs.actionSize)]")
    costs.withUnsafePointers { target in
      target.stateGradients.update(repeating: 0, count: (horizon + 1) * n)
      target.stateHessians.update(repeating: 0, count: (horizon + 1) * n * n)
      target.crossHessians.update(repeating: 0, count: (horizon + 1) * m * n)
      target.actionHessians.update(repeating: 0, count: (horizon + 1) * m * m)
      for step in 0...horizon {
        let action = actions + step * m
        target.values[step] =
          actionCost(action)
          + expandState(
            states + step * n, step: step, horizon: horizon, gradient: target.stateGradients + step * n,
            hessian: target.stateHessians + step * n * n)
        for index in 0..<m {
          target.actionGradients[step * m + index] = 2 * actionWeights[index] * action[index]
          target.actionHessians[(step * m + index) * m + index] = 2 * actionWeights[index]
        }
      }
    }
  }
}
