import Interfaces
import Kernels

/// Imagined trajectories in time-varying linear dynamics.
public struct TimeVaryingLinearRollout: EpisodicRollout {
  private let dynamics: TimeVaryingLinearGaussian
  private let factors: [Double]?
  private let capacity: Int
  private var count = 0
  private var state: Vector  // [capacity, D]
  private var times: [Int]
  private var random = RandomStream(seed: 0)
  private var next: [Double]
  private var noise: Vector

  init(_ dynamics: TimeVaryingLinearGaussian, factors: [Double]?, capacity: Int) {
    self.dynamics = dynamics
    self.factors = factors
    self.capacity = capacity
    state = Vector(count: capacity * dynamics.stateSize)
    times = Array(repeating: 0, count: capacity)
    next = Array(repeating: 0, count: dynamics.stateSize)
    noise = Vector(count: capacity * dynamics.stateSize)
  }

  public var states: UnsafePointer<Float> { state.pointer }
  public var predictedRewards: UnsafePointer<Float>? { nil }

  public mutating func reset(
    count: Int, to states: UnsafePointer<Float>, times: UnsafePointer<Int>, using random: RandomStream
  ) {
    precondition(count <= capacity, "\(count) rows in a rollout of \(capacity)")
    self.count = count
    self.random = random
    state.mutablePointer.update(from: states, count: count * dynamics.stateSize)
    for row in 0..<count { self.times[row] = times[row] }
  }

  public mutating func advance(_ actions: UnsafePointer<Float>) {
    let (n, m, x) = (dynamics.stateSize, dynamics.actionSize, state.mutablePointer)
    if factors != nil { random.fillNormal(noise.mutablePointer, count: count * n) }
    for row in 0..<count {
      let time = times[row]
      times[row] += 1
      guard time < dynamics.count else { continue }
      // x' = A x + B u + c + L e
      for i in 0..<n {
        var sum = dynamics.offsets[time * n + i]
        for j in 0..<n { sum += dynamics.stateMatrices[(time * n + i) * n + j] * Double(x[row * n + j]) }
        for j in 0..<m { sum += dynamics.actionMatrices[(time * n + i) * m + j] * Double(actions[row * m + j]) }
        if let factors {
          for j in 0...i { sum += factors[(time * n + i) * n + j] * Double(noise.pointer[row * n + j]) }
        }
        next[i] = sum
      }
      for i in 0..<n { x[row * n + i] = Float(next[i]) }
    }
  }
}
