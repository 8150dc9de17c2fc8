import Interfaces
import Kernels

/// Imagined trajectories in time-varying linear dynamics. Beyond the times that the dynamics cover, states stay as they are.
public struct TimeVaryingLinearRollout: ModelRollout {
  private let dynamics: TimeVaryingLinearGaussian
  private let factors: [Double]?
  private let capacity: Int
  private let keptSteps: Int
  public private(set) var count = 0
  public private(set) var steps = 0
  private var state: Vector  // [kept steps + 1, capacity, D]
  /// Times of the rows at the last reset.
  private var starts: [Int]
  private var random = RandomStream(seed: 0)
  private var next: [Double]
  private var noise: Vector

  init(_ dynamics: TimeVaryingLinearGaussian, factors: [Double]?, capacity: Int, keptSteps: Int) {
    self.dynamics = dynamics
    self.factors = factors
    self.capacity = capacity
    self.keptSteps = keptSteps
    state = Vector(count: (keptSteps + 1) * capacity * dynamics.stateSize)
    starts = Array(repeating: 0, count: capacity)
    next = Array(repeating: 0, count: dynamics.stateSize)
    noise = Vector(count: capacity * dynamics.stateSize)
  }

  public var states: UnsafePointer<Float> { state.pointer + place(of: steps) }

  public func states(at step: Int) -> UnsafePointer<Float> {
    precondition(keptSteps > 0 && step >= 0 && step <= steps, "step \(step) of \(steps), \(keptSteps) kept")
    return state.pointer + place(of: step)
  }

  /// First element of the states after `step` steps.
  private func place(of step: Int) -> Int { keptSteps > 0 ? step * capacity * dynamics.stateSize : 0 }

  public mutating func reset(_ starts: RolloutStarts, using random: RandomStream) {
    precondition(starts.count <= capacity, "\(starts.count) rows in a rollout of \(capacity)")
    count = starts.count
    steps = 0
    self.random = random
    state.mutablePointer.update(from: starts.states, count: count * dynamics.stateSize)
    for row in 0..<count { self.starts[row] = starts.times?[row] ?? 0 }
  }

  public mutating func advance(_ actions: UnsafePointer<Float>) {
    precondition(keptSteps == 0 || steps < keptSteps, "step \(steps + 1) of a rollout that keeps \(keptSteps)")
    let (n, m) = (dynamics.stateSize, dynamics.actionSize)
    let before = UnsafePointer(state.mutablePointer + place(of: steps))
    let x = state.mutablePointer + place(of: steps + 1)
    if keptSteps > 0 { x.update(from: before, count: count * n) }
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
    steps += 1
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
