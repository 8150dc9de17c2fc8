import Kernels

/// One backward pass over pointers.
struct RiccatiPass {
  let problem: ProblemPointers
  let scratch: RiccatiScratch
  let bounded: BoundedGains
  let regularization: Regularization
  let horizon: Int
  let gains: UnsafeMutablePointer<Double>
  let offsets: UnsafeMutablePointer<Double>
  let values: UnsafeMutablePointer<Double>

  private var n: Int { scratch.stateSize }
  private var m: Int { scratch.actionSize }
  /// The first column of the actions.
  private var u: Int { n + 1 }

  func run() -> RiccatiOutcome {
    var expected = ExpectedChange()
    bounded.reset()
    startFromTheEnd()
    for t in stride(from: horizon - 1, through: 0, by: -1) {
      expand(t)
      copyActionRows()
      if regularization.state > 0 { regularizeStates() }
      for i in 0..<m { scratch.eliminated[i * scratch.width + u + i] += regularization.action }
      if let bounds = problem.bounds { bounded.prepare(scratch, low: bounds.low + t * m, high: bounds.high + t * m) }
      let pivot = GainElimination.eliminate(scratch, count: m)
      if pivot == nil { GainElimination.substitute(scratch, count: m) }
      var isExact = regularization.isNone
      if let pivot, problem.bounds == nil || !pivot.isFinite {
        return pivot.isFinite ? .indefinite(step: t, pivot: pivot) : .notFinite(step: t)
      }
      if problem.bounds != nil, pivot != nil || !bounded.contains(scratch) {
        switch bounded.solve(scratch) {
        case .solved, .unfinished: isExact = false
        case .indefinite: return .indefinite(step: t, pivot: pivot ?? 0)
        case .notFinite: return .notFinite(step: t)
        }
      }
      let change = isExact ? completeSquare() : followGains()
      expected.linear += change.linear
      expected.quadratic += change.quadratic
      store(t)
      guard change.linear.isFinite, scratch.quadratic[n * scratch.width + n].isFinite else {
        return .notFinite(step: t)
      }
    }
    for i in 0..<(n + 1) {
      for j in 0...i where !values[i * scratch.states + j].isFinite { return .notFinite(step: 0) }
    }
    return .solved(expected)
  }

  /// W̃_T from the last row of the costs.
  private func startFromTheEnd() {
    let (value, t) = (values + horizon * scratch.states * scratch.states, horizon)
    for i in 0..<n {
      for j in 0..<n { value[i * scratch.states + j] = problem.stateHessians[(t * n + i) * n + j] }
      value[i * scratch.states + n] = problem.stateGradients[t * n + i]
      value[n * scratch.states + i] = problem.stateGradients[t * n + i]
    }
    value[n * scratch.states + n] = 2 * problem.values[t]
  }

  /// Q̃ = C̃ + F̃ᵀ W̃ F̃.
  private func expand(_ t: Int) {
    let (states, width, step, q) = (scratch.states, scratch.width, scratch.step, scratch.quadratic)
    for i in 0..<n {
      let row = step + i * width
      copy(problem.a + (t * n + i) * n, n, to: row)
      row[n] = problem.offsets[t * n + i]
      copy(problem.b + (t * n + i) * m, m, to: row + u)
    }
    let value = values + (t + 1) * states * states
    SmallMatrixKernels.transposed(
      rowBlocks: states / 8, vectors: width / 8, inner: n + 1, value, lda: states, step, ldb: width, scratch.weighted,
      ldc: width, adding: false, lower: false)
    SmallMatrixKernels.transposed(
      rowBlocks: width / 8, vectors: width / 8, inner: n + 1, step, lda: width, scratch.weighted, ldb: width, q,
      ldc: width, adding: false, lower: true)
    for i in 0..<n { add(problem.stateHessians + (t * n + i) * n, n, to: q + i * width) }
    add(problem.stateGradients + t * n, n, to: q + n * width)
    q[n * width + n] += 2 * problem.values[t]
    for i in 0..<m {
      let row = q + (u + i) * width
      add(problem.crossHessians + (t * m + i) * n, n, to: row)
      row[n] += problem.actionGradients[t * m + i]
      add(problem.actionHessians + (t * m + i) * m, i + 1, to: row + u)
      for j in 0..<i { q[(u + j) * width + u + i] = row[u + j] }
    }
  }

  private func copyActionRows() {
    scratch.eliminated.update(from: scratch.quadratic + u * scratch.width, count: m * scratch.width)
  }

  /// Adds μ Bᵀ (A, 0, B).
  private func regularizeStates() {
    let (width, step, scaled) = (scratch.width, scratch.step, scratch.weighted)
    SmallMatrixKernels.scale(vectors: n * width / 8, regularization.state, step, into: scaled)
    for i in 0..<n { scaled[i * width + n] = 0 }
    SmallMatrixKernels.transposed(
      rowBlocks: scratch.actions / 8, vectors: width / 8, inner: n, step + u, lda: width, scaled, ldb: width,
      scratch.eliminated, ldc: width, adding: true, lower: false)
  }

  /// W̃ = Q̃_x̃x̃ - (Q_ux, Q_u)ᵀ Q_uu⁻¹ (Q_ux, Q_u), for feedback that minimizes.
  private func completeSquare() -> ExpectedChange {
    let width = scratch.width
    var linear = 0.0
    for i in 0..<m { linear += scratch.gains[i * scratch.states + n] * scratch.quadratic[(u + i) * width + n] }
    SmallMatrixKernels.transposed(
      rowBlocks: scratch.states / 8, vectors: scratch.states / 8, inner: m, scratch.scaled, lda: width,
      scratch.eliminated, ldb: width, scratch.quadratic, ldc: width, adding: true, lower: true)
    return ExpectedChange(linear: linear, quadratic: -linear / 2)
  }

  /// W̃ = Q̃_x̃x̃ + K̃ᵀ (Q_uu K̃ + Q̃_u) + Q̃_uᵀ K̃, for any feedback K̃ = (K, k), with Q̃_u = (Q_ux, Q_u).
  private func followGains() -> ExpectedChange {
    let (states, width) = (scratch.states, scratch.width)
    // a copy: the padding below the value function covers the original
    copyActionRows()
    let actionRows = scratch.eliminated
    for i in 0..<m {
      SmallMatrixKernels.scale(vectors: states / 8, 1, actionRows + i * width, into: scratch.residual + i * states)
    }
    SmallMatrixKernels.transposed(
      rowBlocks: scratch.actions / 8, vectors: states / 8, inner: m, actionRows + u, lda: width, scratch.gains,
      ldb: states, scratch.residual, ldc: states, adding: true, lower: false)
    var change = ExpectedChange()
    for i in 0..<m {
      let (k, gradient) = (scratch.gains[i * states + n], actionRows[i * width + n])
      change.linear += k * gradient
      change.quadratic += k * (scratch.residual[i * states + n] - gradient) / 2
    }
    SmallMatrixKernels.transposed(
      rowBlocks: states / 8, vectors: states / 8, inner: m, scratch.gains, lda: states, scratch.residual, ldb: states,
      scratch.quadratic, ldc: width, adding: true, lower: true)
    SmallMatrixKernels.transposed(
      rowBlocks: states / 8, vectors: states / 8, inner: m, actionRows, lda: width, scratch.gains, ldb: states,
      scratch.quadratic, ldc: width, adding: true, lower: true)
    return change
  }

  /// Keeps the step's feedback, and its value function with both triangles.
  private func store(_ t: Int) {
    let (states, width, value) = (scratch.states, scratch.width, values + t * scratch.states * scratch.states)
    for i in 0..<m {
      copy(scratch.gains + i * states, n, to: gains + (t * m + i) * n)
      offsets[t * m + i] = scratch.gains[i * states + n]
    }
    for i in 0...n {
      let row = scratch.quadratic + i * width
      for j in 0...i {
        value[i * states + j] = row[j]
        value[j * states + i] = row[j]
      }
    }
  }

  @inline(__always)
  private func copy(_ source: UnsafePointer<Double>, _ count: Int, to target: UnsafeMutablePointer<Double>) {
    for j in 0..<count { target[j] = source[j] }
  }

  @inline(__always)
  private func add(_ source: UnsafePointer<Double>, _ count: Int, to target: UnsafeMutablePointer<Double>) {
    for j in 0..<count { target[j] += source[j] }
  }
}
