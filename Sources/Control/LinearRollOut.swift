import Interfaces

extension LinearQuadraticProblem {
  /// Follows `law` from `start` [n] in the linear dynamics: `states` [T + 1, n] and `actions` [T, m]. Actions are kept within
  /// the bounds. Does not allocate.
  public func rollOut(_ law: FeedbackLaw, from start: [Double], states: inout [Double], actions: inout [Double]) {
    let (n, m) = (stateSize, actionSize)
    precondition(
      start.count == n && states.count == (horizon + 1) * n && actions.count == horizon * m
        && law.gains.count == horizon * m * n, "a roll-out of another shape")
    states.withUnsafeMutableBufferPointer { states in
      actions.withUnsafeMutableBufferPointer { actions in
        guard let states = states.baseAddress, let actions = actions.baseAddress else { return }
        for i in 0..<n { states[i] = start[i] }
        follow(
          law.gains, law.offsets, dynamics.stateJacobians, dynamics.actionJacobians, offsets, states, actions)
      }
    }
  }

  private func follow(
    _ gains: UnsafePointer<Double>, _ k: UnsafePointer<Double>, _ a: UnsafePointer<Double>,
    _ b: UnsafePointer<Double>, _ c: UnsafePointer<Double>, _ states: UnsafeMutablePointer<Double>,
    _ actions: UnsafeMutablePointer<Double>
  ) {
    let (n, m) = (stateSize, actionSize)
    let bounds = bounds
    for t in 0..<horizon {
      let (x, u, next) = (states + t * n, actions + t * m, states + (t + 1) * n)
      for i in 0..<m {
        u[i] = k[t * m + i] + dot(gains + (t * m + i) * n, x, n)
        if let bounds { u[i] = min(max(u[i], bounds.low[t * m + i]), bounds.high[t * m + i]) }
      }
      for i in 0..<n {
        next[i] = c[t * n + i] + dot(a + (t * n + i) * n, x, n) + dot(b + (t * n + i) * m, u, m)
      }
    }
  }
}

/// Four partial sums, so that additions need not wait for one another.
@inline(__always)
private func dot(_ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>, _ count: Int) -> Double {
  var sums = SIMD4<Double>()
  let whole = count & ~3
  for i in stride(from: 0, to: whole, by: 4) {
    sums += SIMD4(x[i], x[i + 1], x[i + 2], x[i + 3]) * SIMD4(y[i], y[i + 1], y[i + 2], y[i + 3])
  }
  var sum = (sums[0] + sums[1]) + (sums[2] + sums[3])
  for i in whole..<count { sum += x[i] * y[i] }
  return sum
}
