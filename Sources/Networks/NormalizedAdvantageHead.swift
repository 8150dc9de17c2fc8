import Kernels

/// Action value that is quadratic in the action (Gu et al. 2016, equations 10 and 11): Q(s, a) = V - 1/2 |L' (a -
/// mu)|^2, L lower triangular with positive diagonal, so that mu is the best action.
///
/// A network row is [V, raw mu A, raw L A (A + 1) / 2], the latter row by row; mu = tanh(raw), the diagonal of L is
/// exp(raw) with raw clamped to `logDiagonalRange`. Actions are in the unit box. Rows are independent.
package enum NormalizedAdvantageHead {
  /// Clamp of the logarithms of the diagonal of L.
  package static let logDiagonalRange: ClosedRange<Float> = -10...10

  /// Floats in a network row for actions of `size` components.
  package static func outputs(for size: Int) -> Int { 1 + size + size * (size + 1) / 2 }

  /// Best actions mu [rows, A].
  package static func mode(
    _ outputs: UnsafePointer<Float>, rows: Int, size: Int, actions: UnsafeMutablePointer<Float>
  ) {
    let width = self.outputs(for: size)
    for r in 0..<rows {
      for c in 0..<size { actions[r * size + c] = Scalar.tanh(outputs[r * width + 1 + c]) }
    }
  }

  /// Values Q [rows] of `actions`, `stride` floats from row to row, and unless nil their gradients with respect to the
  /// actions [rows, A].
  package static func evaluate(
    _ outputs: UnsafePointer<Float>, actions: UnsafePointer<Float>, stride: Int, rows: Int, size: Int,
    values: UnsafeMutablePointer<Float>, actionGradients: UnsafeMutablePointer<Float>? = nil
  ) {
    let width = self.outputs(for: size)
    withScratch(size) { distance, projected in
      for r in 0..<rows {
        let row = outputs + r * width
        values[r] = row[0] + project(row, actions + r * stride, size, distance, projected)
        guard let actionGradients else { continue }
        for i in 0..<size { actionGradients[r * size + i] = -weighted(row, i, size, projected) }
      }
    }
  }

  /// Overwrites the network rows by `slopes` [rows] times the gradients of Q with respect to them.
  package static func backward(
    _ outputs: UnsafeMutablePointer<Float>, actions: UnsafePointer<Float>, stride: Int, rows: Int, size: Int,
    slopes: UnsafePointer<Float>
  ) {
    let width = self.outputs(for: size)
    withScratch(size) { distance, projected in
      for r in 0..<rows {
        let (row, slope) = (outputs + r * width, slopes[r])
        _ = project(row, actions + r * stride, size, distance, projected)
        row[0] = slope
        // dQ/dmu = L w, before the entries of L are overwritten
        for i in 0..<size {
          let mean = Scalar.tanh(row[1 + i])
          row[1 + i] = slope * weighted(row, i, size, projected) * (1 - mean * mean)
        }
        // dQ/dL_ij = -d_i w_j
        var place = 1 + size
        for i in 0..<size {
          for j in 0...i {
            let slopeOfEntry: Float = i == j ? diagonalSlope(row[place]) : 1
            row[place] = -slope * distance[i] * projected[j] * slopeOfEntry
            place += 1
          }
        }
      }
    }
  }

  /// Replaces `noise` [rows, A] by the solution x of L' x = noise: of standard normal noise, x has covariance (L
  /// L')^-1.
  package static func shape(
    _ noise: UnsafeMutablePointer<Float>, by outputs: UnsafePointer<Float>, rows: Int, size: Int
  ) {
    let width = self.outputs(for: size)
    for r in 0..<rows {
      let (row, x) = (outputs + r * width, noise + r * size)
      for i in stride(from: size - 1, through: 0, by: -1) {
        var rest = x[i]
        for k in stride(from: i + 1, to: size, by: 1) { rest -= row[entry(k, i, size)] * x[k] }
        x[i] = rest / diagonal(row[entry(i, i, size)])
      }
    }
  }

  /// Writes d = a - mu and w = L' d; returns -1/2 |w|^2.
  private static func project(
    _ row: UnsafePointer<Float>, _ action: UnsafePointer<Float>, _ size: Int, _ distance: UnsafeMutablePointer<Float>,
    _ projected: UnsafeMutablePointer<Float>
  ) -> Float {
    for i in 0..<size { distance[i] = action[i] - Scalar.tanh(row[1 + i]) }
    var sum: Float = 0
    for j in 0..<size {
      var w = diagonal(row[entry(j, j, size)]) * distance[j]
      for i in stride(from: j + 1, to: size, by: 1) { w += row[entry(i, j, size)] * distance[i] }
      projected[j] = w
      sum += w * w
    }
    return -0.5 * sum
  }

  /// (L w)_i.
  private static func weighted(
    _ row: UnsafePointer<Float>, _ i: Int, _ size: Int, _ projected: UnsafePointer<Float>
  ) -> Float {
    var sum = diagonal(row[entry(i, i, size)]) * projected[i]
    for j in 0..<i { sum += row[entry(i, j, size)] * projected[j] }
    return sum
  }

  /// Place of L_ij, j <= i, in a network row.
  private static func entry(_ i: Int, _ j: Int, _ size: Int) -> Int { 1 + size + i * (i + 1) / 2 + j }

  private static func diagonal(_ raw: Float) -> Float {
    Scalar.exp(min(max(raw, logDiagonalRange.lowerBound), logDiagonalRange.upperBound))
  }

  private static func diagonalSlope(_ raw: Float) -> Float { logDiagonalRange.contains(raw) ? diagonal(raw) : 0 }

  /// Two blocks of `size` floats, on the stack up to 128 components.
  private static func withScratch(
    _ size: Int, _ body: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>) -> Void
  ) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * size) { scratch in
      if let base = scratch.baseAddress { body(base, base + size) }
    }
  }
}
