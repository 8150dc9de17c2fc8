import Kernels

/// Values of K discrete actions from a network row. Plain: the row [K] itself. Dueling (Wang et al. 2016, equation 9):
/// a row [V, advantages K] gives Q_k = V + A_k - mean A. Rows are independent.
package enum DuelingHead {
  /// Floats in a network row for `actions` actions.
  package static func outputs(for actions: Int, dueling: Bool) -> Int { dueling ? actions + 1 : actions }

  /// Action values [rows, K].
  package static func values(
    _ outputs: UnsafePointer<Float>, rows: Int, actions: Int, dueling: Bool, into values: UnsafeMutablePointer<Float>
  ) {
    guard dueling else { return values.update(from: outputs, count: rows * actions) }
    for r in 0..<rows {
      let (row, out) = (outputs + r * (actions + 1), values + r * actions)
      var sum: Float = 0
      for k in 0..<actions { sum += row[1 + k] }
      let shift = row[0] - sum / Float(actions)
      for k in 0..<actions { out[k] = shift + row[1 + k] }
    }
  }

  /// Writes one network row of the gradient of `slope` * Q_chosen.
  package static func backward(
    chosen: Int, slope: Float, actions: Int, dueling: Bool, gradient row: UnsafeMutablePointer<Float>
  ) {
    guard dueling else {
      row.update(repeating: 0, count: actions)
      row[chosen] = slope
      return
    }
    row[0] = slope
    for k in 0..<actions { row[1 + k] = -slope / Float(actions) }
    row[1 + chosen] += slope
  }

  /// Index of the largest of each row's `values` [rows, K], the first of equals.
  package static func best(
    _ values: UnsafePointer<Float>, rows: Int, actions: Int, into chosen: UnsafeMutablePointer<Float>
  ) {
    for r in 0..<rows {
      var best = 0
      for k in 1..<max(actions, 1) where values[r * actions + k] > values[r * actions + best] { best = k }
      chosen[r] = Float(best)
    }
  }

  /// The same of vectors of `size` floats in place of numbers, as where each action has a distribution of returns: a
  /// row [V, advantages K], each of `size` floats, gives K vectors.
  package static func vectors(
    _ outputs: UnsafePointer<Float>, rows: Int, actions: Int, size: Int, dueling: Bool,
    into vectors: UnsafeMutablePointer<Float>
  ) {
    guard dueling else { return vectors.update(from: outputs, count: rows * actions * size) }
    for r in 0..<rows {
      let (row, out) = (outputs + r * (actions + 1) * size, vectors + r * actions * size)
      for i in 0..<size {
        var sum: Float = 0
        for k in 0..<actions { sum += row[(1 + k) * size + i] }
        let shift = row[i] - sum / Float(actions)
        for k in 0..<actions { out[k * size + i] = shift + row[(1 + k) * size + i] }
      }
    }
  }

  /// Writes one network row of the gradient of `slopes` [size] * the chosen action's vector.
  package static func backward(
    chosen: Int, slopes: UnsafePointer<Float>, actions: Int, size: Int, dueling: Bool,
    gradient row: UnsafeMutablePointer<Float>
  ) {
    guard dueling else {
      row.update(repeating: 0, count: actions * size)
      return (row + chosen * size).update(from: slopes, count: size)
    }
    for i in 0..<size {
      row[i] = slopes[i]
      for k in 0..<actions { row[(1 + k) * size + i] = -slopes[i] / Float(actions) }
      row[(1 + chosen) * size + i] += slopes[i]
    }
  }
}
