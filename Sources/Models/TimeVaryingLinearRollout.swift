import Interfaces
import Kernels

/// Imagined trajectories in time-varying linear dynamics. Beyond the times that the dynamics cover, states stay as they are.
public struct TimeVaryingLinearRollout: ModelRollout {
  private let dynamics: TimeVaryingLinearGaussian
  private let factors: [Double]?
  private var state: RolloutStates
  /// Times of the rows at the last reset.
  private var starts: [Int]
  private var random = RandomStream(seed: 0)
  private var next: [Double]
  private var noise: Vector

  init(_ dynamics: TimeVaryingLinearGaussian, factors: [Double]?, capacity: Int, keptSteps: Int) {
    self.dynamics = dynamics
    self.factors = factors
    state = RolloutStates(capacity: capacity, size: dynamics.stateSize, keptSteps: keptSteps)
    starts = Array(repeating: 0, count: capacity)
    next = Array(repeating: 0, count: dynamics.stateSize)
    noise = Vector(count: capacity * dynamics.stateSize)
  }

  public var count: Int { state.count }
  public var steps: Int { state.steps }
  public var states: UnsafePointer<Float> { state.present }

  public func states(at step: Int) -> UnsafePointer<Float> { state.after(step) }

  public mutating func reset(_ starts: RolloutStarts, using random: RandomStream) {
    state.begin(starts)
    self.random = random
    for row in 0..<count { self.starts[row] = starts.times?[row] ?? 0 }
  }

  public mutating func advance(_ actions: UnsafePointer<Float>) {
    let (n, m) = (dynamics.stateSize, dynamics.actionSize)
    let (before, x) = state.next()
    if state.keptSteps > 0 { x.update(from: before, count: count * n) }
    if factors != nil { random.fillNormal(noise.mutablePointer, count: count * n) }
    for row in 0..<count {
      let time = starts[row] + steps
      guard time < dynamics.count else { continue }
      // x' = A x + B u + c + L e
      for i in 0..<n {
        var sum = dynamics.offsets[time * n + i]
        for j in 0..<n { sum += dynamics.stateMatrices[(time * n + i) * n + j] * Double(before[row * n + j]) }
        for j in 0..<m { sum += dynamics.actionMatrices[(time * n + i) * m + j] * Double(actions[row * m + j]) }
        if let factors {
          for j in 0...i { sum += factors[(time * n + i) * n + j] * Double(noise.pointer[row * n + j]) }
        }
        next[i] = sum
      }
      for i in 0..<n { x[row * n + i] = Float(next[i]) }
    }
    state.finishStep()
  }

  /// ∂L/∂x = Aᵀ ∂L/∂x' and ∂L/∂u = Bᵀ ∂L/∂x' of the row's own time.
  public mutating func pullBack(
    step: Int, nextGradients: UnsafePointer<Float>?, rewardGradients: UnsafePointer<Float>?,
    scoreWeights: UnsafePointer<Float>?, stateGradients: UnsafeMutablePointer<Float>,
    actionGradients: UnsafeMutablePointer<Float>
  ) {
    precondition(scoreWeights == nil, "scores of linear dynamics are not known")
    let (n, m) = (dynamics.stateSize, dynamics.actionSize)
    for row in 0..<count {
      let time = starts[row] + step
      func slope(_ matrices: [Double], _ width: Int, _ column: Int) -> Float {
        guard let nextGradients else { return 0 }
        var sum = 0.0
        for i in 0..<n { sum += matrices[(time * n + i) * width + column] * Double(nextGradients[row * n + i]) }
        return Float(sum)
      }
      let isCovered = time < dynamics.count
      for j in 0..<n {
        stateGradients[row * n + j] =
          isCovered ? slope(dynamics.stateMatrices, n, j) : nextGradients?[row * n + j] ?? 0
      }
      for j in 0..<m { actionGradients[row * m + j] = isCovered ? slope(dynamics.actionMatrices, m, j) : 0 }
    }
  }
}
