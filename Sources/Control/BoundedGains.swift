import Kernels

/// The step of a Riccati recursion whose actions are bounded.
final class BoundedGains {
  private let program: BoxQuadraticProgram
  /// (Q_ux, Q_u, Q_uu) [m, width] with regularization, before elimination.
  private let rows: AlignedBuffer
  private let scattered: AlignedBuffer
  private var low: [Double]
  private var high: [Double]

  init(_ scratch: RiccatiScratch) {
    program = BoxQuadraticProgram(size: scratch.actionSize)
    rows = AlignedBuffer(count: scratch.actions * scratch.width)
    scattered = AlignedBuffer(count: scratch.actions * scratch.states)
    low = Array(repeating: 0, count: scratch.actionSize)
    high = low
  }

  /// Forgets the point where the next search starts.
  func reset() { for i in low.indices { program.point[i] = 0 } }

  /// Keeps what elimination overwrites.
  func prepare(_ scratch: RiccatiScratch, low: UnsafePointer<Double>, high: UnsafePointer<Double>) {
    rows.pointer.update(from: scratch.eliminated, count: scratch.actionSize * scratch.width)
    for i in self.low.indices { (self.low[i], self.high[i]) = (low[i], high[i]) }
  }

  /// Whether the unbounded k lies within the bounds.
  func contains(_ scratch: RiccatiScratch) -> Bool {
    for i in low.indices {
      let k = scratch.gains[i * scratch.states + scratch.stateSize]
      guard k >= low[i], k <= high[i] else { return false }
    }
    return true
  }

  /// Replaces the unbounded feedback: k by the solution of the bounded problem, K by the minimum over the free actions.
  /// Nothing is replaced if the program is indefinite in the free actions or not finite.
  func solve(_ scratch: RiccatiScratch) -> BoxQuadraticProgram.Outcome {
    let (n, m, states, width) = (scratch.stateSize, scratch.actionSize, scratch.states, scratch.width)
    let u = n + 1
    let outcome = program.solve(
      rows.pointer + u, stride: width, rows.pointer + n, gradientStride: width, low: low, high: high)
    switch outcome {
    case .solved, .unfinished: break
    case .indefinite, .notFinite: return outcome
    }
    let free = program.free
    for (r, i) in free.enumerated() {
      let (source, target) = (rows.pointer + i * width, scratch.eliminated + r * width)
      target.update(from: source, count: u)
      for (c, j) in free.enumerated() { target[u + c] = source[u + j] }
    }
    guard GainElimination.eliminate(scratch, count: free.count) == nil else { return .indefinite }
    GainElimination.substitute(scratch, count: free.count)
    let target = scattered.pointer
    target.update(repeating: 0, count: m * states)
    for (r, i) in free.enumerated() {
      (target + i * states).update(from: scratch.gains + r * states, count: n)
    }
    for i in 0..<m { target[i * states + n] = program.point[i] }
    scratch.gains.update(from: target, count: m * states)
    return outcome
  }
}
