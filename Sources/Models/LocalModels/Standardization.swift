/// Moves D numbers to mean zero and deviation one, number by number.
struct Standardization: Sendable, Equatable {
  /// Means, [D].
  private(set) var means: [Double]
  /// Deviations, [D]; 1 where there is next to none.
  private(set) var scales: [Double]

  /// Nothing moved.
  init(size: Int) {
    means = Array(repeating: 0, count: size)
    scales = Array(repeating: 1, count: size)
  }

  /// Of `means` and `scales`.
  init(means: [Double], scales: [Double]) {
    precondition(means.count == scales.count, "means and scales of different sizes")
    (self.means, self.scales) = (means, scales)
  }

  /// Of `rows` [N, D]. Deviations below 1e-9 of the number's magnitude are rounding.
  init(of rows: [Double], size: Int) {
    precondition(!rows.isEmpty && rows.count % size == 0, "no rows")
    self.init(size: size)
    let count = Double(rows.count / size)
    var squares = means
    for first in stride(from: 0, to: rows.count, by: size) {
      for i in 0..<size { means[i] += rows[first + i] / count }
    }
    for first in stride(from: 0, to: rows.count, by: size) {
      for i in 0..<size {
        let left = rows[first + i] - means[i]
        squares[i] += left * left / count
      }
    }
    for i in 0..<size {
      let deviation = squares[i].squareRoot()
      if deviation > 1e-9 * abs(means[i]) + 1e-12 { scales[i] = deviation }
    }
  }

  /// `rows` [N, D] moved.
  func apply(_ rows: [Double]) -> [Double] {
    let size = means.count
    precondition(rows.count % size == 0, "rows of another size")
    var moved = rows
    for first in stride(from: 0, to: rows.count, by: size) {
      for i in 0..<size { moved[first + i] = (rows[first + i] - means[i]) / scales[i] }
    }
    return moved
  }
}
