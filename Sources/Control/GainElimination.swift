import Kernels

/// Solves Q_uu (K, k) = -(Q_ux, Q_u) row by row in vectors: elimination without pivoting, then back substitution.
enum GainElimination {
  /// Pivots this small beside the diagonal element they came from are rounding, not curvature.
  static let tolerance = 1e-14

  /// Eliminates the first `count` rows of `scratch.eliminated`, whose Q_uu begins at column n + 1, and fills
  /// `scratch.scaled`. Nil, or the first pivot that is not positive.
  static func eliminate(_ scratch: RiccatiScratch, count: Int) -> Double? {
    let (width, u) = (scratch.width, scratch.stateSize + 1)
    let vectors = SmallMatrixKernels.padded(u + count) / 8
    for i in 0..<count { scratch.gains[i] = scratch.eliminated[i * width + u + i] }  // original diagonal
    for j in 0..<count {
      let (row, scaled) = (scratch.eliminated + j * width, scratch.scaled + j * width)
      let pivot = row[u + j]
      guard pivot > tolerance * scratch.gains[j], pivot.isFinite else { return pivot > 0 && pivot.isFinite ? 0 : pivot }
      SmallMatrixKernels.scale(vectors: vectors, -1 / pivot, row, into: scaled)
      for i in (j + 1)..<max(count, j + 1) {
        SmallMatrixKernels.add(vectors: vectors, row[u + i], scaled, to: row + (i - j) * width)
      }
    }
    return nil
  }

  /// Writes the first `count` rows of `scratch.gains` from `scratch.scaled`.
  static func substitute(_ scratch: RiccatiScratch, count: Int) {
    let (states, width, u) = (scratch.states, scratch.width, scratch.stateSize + 1)
    for j in stride(from: count - 1, through: 0, by: -1) {
      let (row, gain) = (scratch.scaled + j * width, scratch.gains + j * states)
      SmallMatrixKernels.scale(vectors: states / 8, 1, row, into: gain)
      for i in (j + 1)..<max(count, j + 1) {
        SmallMatrixKernels.add(vectors: states / 8, row[u + i], scratch.gains + i * states, to: gain)
      }
    }
  }
}
