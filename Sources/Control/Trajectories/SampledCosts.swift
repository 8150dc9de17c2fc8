import Interfaces

extension QuadraticCosts {
  /// The mean over N sampled trajectories of the expansions of `cost` about each, written as one expansion about zero:
  /// with l(z̄ + δ) ≈ c + gᵀδ + δᵀHδ / 2, the Hessian is H, the gradient g - H z̄ and the value c - gᵀz̄ + z̄ᵀHz̄ / 2.
  /// O(N T (n + m)²).
  ///
  /// - Returns: the expansion, and each trajectory's own cost [N].
  public static func average(
    _ cost: any TrajectoryCost, over samples: [SampledTrajectory]
  ) -> (costs: QuadraticCosts, totals: [Double]) {
    let (n, m, horizon) = (cost.stateSize, cost.actionSize, samples.first?.horizon ?? 0)
    precondition(!samples.isEmpty && samples.allSatisfy { $0.horizon == horizon }, "trajectories of different lengths")
    var mean = QuadraticCosts(count: horizon + 1, tangentSize: n, actionSize: m)
    var one = mean
    let share = 1 / Double(samples.count)
    var totals: [Double] = []
    for sample in samples {
      precondition(sample.stateSize == n && sample.actionSize == m, "trajectories of another task")
      sample.states.withUnsafeBufferPointer { states in
        sample.actions.withUnsafeBufferPointer { actions in
          guard let states = states.baseAddress, let actions = actions.baseAddress else { return }
          cost.quadratize(horizon: horizon, states: states, actions: actions, into: &one)
        }
      }
      totals.append(one.values.reduce(0, +))
      one.withUnsafePointers { one in
        mean.withUnsafePointers { mean in
          for t in 0...horizon {
            sample.states.withUnsafeBufferPointer { states in
              sample.actions.withUnsafeBufferPointer { actions in
                guard let x = states.baseAddress.map({ $0 + t * n }), let u = actions.baseAddress.map({ $0 + t * m })
                else { return }
                add(one, to: mean, t, n, m, x, u, share)
              }
            }
          }
        }
      }
    }
    return (mean, totals)
  }

  private static func add(
    _ one: Pointers, to mean: Pointers, _ t: Int, _ n: Int, _ m: Int, _ x: UnsafePointer<Double>,
    _ u: UnsafePointer<Double>, _ share: Double
  ) {
    var value = one.values[t]
    for i in 0..<n {
      var curvature = 0.0
      for j in 0..<n {
        let h = one.stateHessians[(t * n + i) * n + j]
        mean.stateHessians[(t * n + i) * n + j] += share * h
        curvature += h * x[j]
      }
      for j in 0..<m { curvature += one.crossHessians[(t * m + j) * n + i] * u[j] }
      let gradient = one.stateGradients[t * n + i]
      mean.stateGradients[t * n + i] += share * (gradient - curvature)
      value += (curvature / 2 - gradient) * x[i]
    }
    for i in 0..<m {
      var curvature = 0.0
      for j in 0..<m {
        let h = one.actionHessians[(t * m + i) * m + j]
        mean.actionHessians[(t * m + i) * m + j] += share * h
        curvature += h * u[j]
      }
      for j in 0..<n {
        let h = one.crossHessians[(t * m + i) * n + j]
        mean.crossHessians[(t * m + i) * n + j] += share * h
        curvature += h * x[j]
      }
      let gradient = one.actionGradients[t * m + i]
      mean.actionGradients[t * m + i] += share * (gradient - curvature)
      value += (curvature / 2 - gradient) * u[i]
    }
    mean.values[t] += share * value
  }
}
