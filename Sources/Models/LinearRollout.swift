import Interfaces
import Kernels

/// Imagined trajectories of linear dynamics.
public final class LinearRollout: ModelRollout {
  private let model: LinearDynamics
  private var state: RolloutStates
  private var input: Vector  // [capacity, K]
  private var noise: Vector  // [capacity, D]
  private var random = RandomStream(seed: 0)

  init(_ model: LinearDynamics, capacity: Int, keptSteps: Int) {
    self.model = model
    state = RolloutStates(capacity: capacity, size: model.stateSize, keptSteps: keptSteps)
    input = Vector(count: capacity * model.coefficients.rows)
    noise = Vector(count: capacity * model.stateSize)
  }

  public var count: Int { state.count }
  public var steps: Int { state.steps }
  public var states: UnsafePointer<Float> { state.present }

  public func states(at step: Int) -> UnsafePointer<Float> { state.after(step) }

  public func reset(_ starts: RolloutStarts, using random: RandomStream) {
    state.begin(starts)
    self.random = random
  }

  public func advance(_ actions: UnsafePointer<Float>) {
    let (size, width, encoding) = (model.stateSize, model.coefficients.rows, model.encoding)
    let (x, e) = (input.mutablePointer, noise.mutablePointer)
    let (before, s) = state.next()
    let (mean, inverse) = (model.inputs.mean.pointer, model.inputs.inverse.pointer)
    for row in 0..<count {
      let target = x + row * width
      for i in 0..<size { target[i] = before[row * size + i] }
      encoding.encode(actions + row * encoding.size, into: target + size)
      for i in 0..<width - 1 { target[i] = (target[i] - mean[i]) * inverse[i] }
      target[width - 1] = 1
    }
    // S' = S + X C + E
    if state.keptSteps > 0 { s.update(from: before, count: count * size) }
    if model.settings.samplesNoise {
      random.fillNormal(e, count: count * size)
      for row in 0..<count {
        for i in 0..<size { s[row * size + i] += model.deviations[i] * e[row * size + i] }
      }
    }
    gemm(
      .none, .none, m: count, n: size, k: width, x, lda: width, model.coefficients.pointer, ldb: size, beta: 1, s,
      ldc: size)
    state.finishStep()
  }

  /// With s' = s + C (z - mean) * inverse + e, z = (s, a): ∂L/∂s = g + inverse_s * C_s g and ∂L/∂a = inverse_a * C_a g, where
  /// g = ∂L/∂s'. The same at every step.
  public func pullBack(
    step: Int, nextGradients: UnsafePointer<Float>?, rewardGradients: UnsafePointer<Float>?,
    scoreWeights: UnsafePointer<Float>?, stateGradients: UnsafeMutablePointer<Float>,
    actionGradients: UnsafeMutablePointer<Float>
  ) {
    precondition(scoreWeights == nil, "scores of linear dynamics are not known")
    let (size, actionSize) = (model.stateSize, model.actionSize)
    guard let nextGradients else {
      stateGradients.update(repeating: 0, count: count * size)
      actionGradients.update(repeating: 0, count: count * actionSize)
      return
    }
    let (c, inverse) = (model.coefficients.pointer, model.inputs.inverse.pointer)
    for row in 0..<count {
      let g = nextGradients + row * size
      func slope(_ k: Int) -> Float {
        var sum: Float = 0
        for j in 0..<size { sum += c[k * size + j] * g[j] }
        return sum * inverse[k]
      }
      for i in 0..<size { stateGradients[row * size + i] = g[i] + slope(i) }
      for i in 0..<actionSize { actionGradients[row * actionSize + i] = slope(size + i) }
    }
  }
}
