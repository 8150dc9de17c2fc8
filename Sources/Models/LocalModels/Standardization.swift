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
    for index in rows.indices { means[index % size] += rows[index] / count }
    for index in rows.indices {
      let left = rows[index] - means[index % size]
      squares[index % size] += left * left / count
    }
    for i in 0..<size {
      let deviation = squares[i].squareRoot()
      if deviation > 1e-9 * abs(means[i]) + 1e-12 { scales[i] = deviation }
    }
  }

  /// `rows` [N, D] moved.
  func apply(_ rows: [Double]) -> [Double] {
    let size = means.count
    return rows.indices.map { (rows[$0] - means[$0 % size]) / scales[$0 % size] }
  }
}
