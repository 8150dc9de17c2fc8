import Interfaces
import Kernels

extension DifferentiableTrueRollout {
  /// With x' = f(x, u) + σ e the score with respect to f is e / σ.
  public mutating func pullBack(
    step: Int, nextGradients: UnsafePointer<Float>?, rewardGradients: UnsafePointer<Float>?,
    scoreWeights: UnsafePointer<Float>?, stateGradients: UnsafeMutablePointer<Float>,
    actionGradients: UnsafeMutablePointer<Float>
  ) {
    precondition(keptSteps != nil && step >= 0 && step < steps, "step \(step) of \(steps)")
    precondition(scoreWeights == nil || model.noise > 0, "a model without noise has no density")
    let (n, m, size) = (model.dynamics.stateSize, model.actionSize, model.stateSize)
    for row in 0..<count {
      let (before, after) = (step * capacity + row, (step + 1) * capacity + row)
      var next = SIMD4<Double>()
      if let nextGradients {
        // ∂L/∂x' = Jᵀ ∂L/∂y'
        for i in 0..<size {
          let slope = Double(nextGradients[row * size + i])
          for j in 0..<n { next[j] += observationJacobians[(after * size + i) * n + j] * slope }
        }
      }
      if let scoreWeights {
        let weight = Double(scoreWeights[row] / model.noise)
        for j in 0..<n { next[j] += weight * Double(draws.pointer[before * n + j]) }
      }
      // ∂L/∂x = Aᵀ ∂L/∂x', ∂L/∂u = Bᵀ ∂L/∂x'
      var current = SIMD4<Double>()
      for i in 0..<n {
        for j in 0..<n { current[j] += stateJacobians[(before * n + i) * n + j] * next[i] }
      }
      for j in 0..<m {
        var slope = 0.0
        for i in 0..<n { slope += actionJacobians[(before * n + i) * m + j] * next[i] }
        actionGradients[row * m + j] = Float(slope)
      }
      current = normalSolution(before, current)
      for i in 0..<size {
        var slope = 0.0
        for j in 0..<n { slope += observationJacobians[(before * size + i) * n + j] * current[j] }
        stateGradients[row * size + i] = Float(slope)
      }
    }
  }

  /// (JᵀJ)⁻¹ g for the Jacobian J [D, n] of the observation at `place`, by Cholesky's factors.
  private func normalSolution(_ place: Int, _ gradient: SIMD4<Double>) -> SIMD4<Double> {
    let (n, size) = (model.dynamics.stateSize, model.stateSize)
    var factor = InlineArray<4, SIMD4<Double>>(repeating: .zero)  // rows of L, LLᵀ = JᵀJ
    for i in 0..<n {
      for j in 0...i {
        var sum = 0.0
        for k in 0..<size {
          sum += observationJacobians[(place * size + k) * n + i] * observationJacobians[(place * size + k) * n + j]
        }
        for k in 0..<j { sum -= factor[i][k] * factor[j][k] }
        factor[i][j] = i == j ? sum.squareRoot() : sum / factor[j][j]
      }
    }
    var solution = gradient
    for i in 0..<n {
      for k in 0..<i { solution[i] -= factor[i][k] * solution[k] }
      solution[i] /= factor[i][i]
    }
    for i in stride(from: n - 1, through: 0, by: -1) {
      for k in i + 1..<max(n, i + 1) { solution[i] -= factor[k][i] * solution[k] }
      solution[i] /= factor[i][i]
    }
    return solution
  }
}
