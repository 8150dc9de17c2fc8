import Interfaces
import Kernels

/// Imagined trajectories of Gaussian process dynamics: at each step every component of every row draws from its own
/// predictive distribution, independently of the step before, as the particles of PILCO's Monte Carlo relatives do
/// (Amadio et al. 2022, section III).
public final class GaussianProcessRollout: ModelRollout {
  private let model: GaussianProcessModel
  private var state: RolloutStates
  private var noise: Vector  // [kept steps or 1, capacity, D]
  private var code: Vector
  private let inputs: FixedBuffer<Double>  // [capacity, K]
  private let scratch: GaussianProcessScratch
  // of one output
  private let means: FixedBuffer<Double>
  private let deviations: FixedBuffer<Double>
  private let meanSlopes: FixedBuffer<Double>  // [capacity, K]
  private let deviationSlopes: FixedBuffer<Double>
  /// Derivatives of the changes by state and action in their own units with the noise held fixed, [kept steps, capacity, D, K],
  /// and of the logarithm of their densities with the next states held fixed, [kept steps, capacity, K].
  private var slopes: Vector
  private var scores: Vector
  private var random = RandomStream(seed: 0)

  init(_ model: GaussianProcessModel, capacity: Int, keptSteps: Int) {
    precondition(model.isFitted, "a rollout of a model that was not fitted")
    self.model = model
    let (size, width) = (model.stateSize, model.inputSize)
    state = RolloutStates(capacity: capacity, size: size, keptSteps: keptSteps)
    noise = Vector(count: capacity * size)
    code = Vector(count: model.encoding.width)
    inputs = FixedBuffer(0, count: capacity * width)
    scratch = GaussianProcessScratch(capacity: capacity, points: model.pointCount, inputs: width)
    means = FixedBuffer(0, count: capacity)
    deviations = FixedBuffer(0, count: capacity)
    let room = keptSteps > 0 ? capacity * width : 0
    meanSlopes = FixedBuffer(0, count: room)
    deviationSlopes = FixedBuffer(0, count: room)
    slopes = Vector(count: keptSteps * room * size)
    scores = Vector(count: keptSteps * room)
  }

  public var count: Int { state.count }
  public var steps: Int { state.steps }
  public var states: UnsafePointer<Float> { state.present }

  public func states(at step: Int) -> UnsafePointer<Float> { state.after(step) }

  private var capacity: Int { state.capacity }
  private var keptSteps: Int { state.keptSteps }

  public func reset(_ starts: RolloutStarts, using random: RandomStream) {
    state.begin(starts)
    self.random = random
  }

  public func advance(_ actions: UnsafePointer<Float>) {
    let size = model.stateSize
    let (before, after) = state.next()
    normalize(before, actions)
    if model.settings.samples { random.fillNormal(noise.mutablePointer, count: count * size) }
    if keptSteps > 0 {
      (scores.mutablePointer + scorePlace(steps)).update(repeating: 0, count: capacity * model.inputSize)
    }
    let (mean, scale, draws) = (model.changes.mean.pointer, model.changes.scale.pointer, noise.pointer)
    for (output, process) in model.outputs.enumerated() {
      process.predict(
        inputs.pointer, rows: count,
        into: .init(
          means: means.pointer, deviations: model.settings.samples ? deviations.pointer : nil,
          meanSlopes: keptSteps > 0 ? meanSlopes.pointer : nil,
          deviationSlopes: keptSteps > 0 && model.settings.samples ? deviationSlopes.pointer : nil), scratch)
      for row in 0..<count {
        let draw = model.settings.samples ? Double(draws[row * size + output]) * deviations.pointer[row] : 0
        let change = Float(means.pointer[row] + draw) * scale[output] + mean[output]
        after[row * size + output] = before[row * size + output] + change
      }
      if keptSteps > 0 { keepSlopes(of: output) }
    }
    state.finishStep()
  }

  /// Leaves normalized states and actions in `inputs`.
  private func normalize(_ states: UnsafePointer<Float>, _ actions: UnsafePointer<Float>) {
    let (size, width, encoding) = (model.stateSize, model.inputSize, model.encoding)
    let (mean, inverse, code) = (model.inputs.mean.pointer, model.inputs.inverse.pointer, self.code.mutablePointer)
    for row in 0..<count {
      let x = inputs.pointer + row * width
      for i in 0..<size { x[i] = Double((states[row * size + i] - mean[i]) * inverse[i]) }
      encoding.encode(actions + row * encoding.size, into: code)
      for i in 0..<encoding.width { x[size + i] = Double((code[i] - mean[size + i]) * inverse[size + i]) }
    }
  }

  private func slopePlace(_ step: Int) -> Int { step * capacity * model.stateSize * model.inputSize }
  private func scorePlace(_ step: Int) -> Int { step * capacity * model.inputSize }

  /// Keeps what one output's step depended on.
  private func keepSlopes(of output: Int) {
    let (size, width, draws) = (model.stateSize, model.inputSize, noise.pointer)
    let target = slopes.mutablePointer + slopePlace(steps)
    let score = scores.mutablePointer + scorePlace(steps)
    let (scale, inverse) = (Double(model.changes.scale.pointer[output]), model.inputs.inverse.pointer)
    for row in 0..<count {
      let draw = model.settings.samples ? Double(draws[row * size + output]) : 0
      for k in 0..<width {
        let (mean, unit) = (meanSlopes.pointer[row * width + k], Double(inverse[k]))
        let deviation = model.settings.samples ? deviationSlopes.pointer[row * width + k] : 0
        target[(row * size + output) * width + k] = Float((mean + draw * deviation) * scale * unit)
        if model.settings.samples {
          // ∂ log N(s'; s + μ, σ) with s' = s + μ + σ e held fixed: (e ∂(s + μ) + (e² - 1) ∂σ) / σ
          let slope = (draw * mean + (draw * draw - 1) * deviation) / deviations.pointer[row] * unit
          score[row * width + k] += Float(slope)
        }
      }
      // the next state held fixed, its change is not: what it is counted from moves the mean
      if model.settings.samples { score[row * width + output] += Float(draw / (deviations.pointer[row] * scale)) }
    }
  }

  /// ∂L/∂(s, a) = (g, 0) + Σ_j g_j ∂Δ_j/∂(s, a), where g = ∂L/∂s', and w times the scores.
  public func pullBack(
    step: Int, nextGradients: UnsafePointer<Float>?, rewardGradients: UnsafePointer<Float>?,
    scoreWeights: UnsafePointer<Float>?, stateGradients: UnsafeMutablePointer<Float>,
    actionGradients: UnsafeMutablePointer<Float>
  ) {
    precondition(step >= 0 && step < steps && keptSteps > 0, "step \(step) of \(steps), \(keptSteps) kept")
    precondition(scoreWeights == nil || model.settings.samples, "means alone have no scores")
    let (size, width, actionSize) = (model.stateSize, model.inputSize, model.actionSize)
    let slopes = slopes.pointer + slopePlace(step)
    let scores = scores.pointer + scorePlace(step)
    for row in 0..<count {
      let (states, actions) = (stateGradients + row * size, actionGradients + row * actionSize)
      for i in 0..<size { states[i] = nextGradients.map { $0[row * size + i] } ?? 0 }
      for i in 0..<actionSize { actions[i] = 0 }
      func add(_ row: UnsafePointer<Float>, _ factor: Float) {
        for i in 0..<size { states[i] += factor * row[i] }
        for i in 0..<actionSize { actions[i] += factor * row[size + i] }
      }
      if let nextGradients {
        for output in 0..<size {
          add(slopes + (row * size + output) * width, nextGradients[row * size + output])
        }
      }
      if let scoreWeights { add(scores + row * width, scoreWeights[row]) }
    }
  }
}
