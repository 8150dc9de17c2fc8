/// Mean and variance of vectors seen one by one or merged from parts (Welford 1962; merging after Chan, Golub and LeVeque
/// 1979), in double precision.
public struct RunningMoments: Sendable, Equatable {
  /// Vectors seen.
  public private(set) var count = 0
  /// Mean of each component, [D].
  public private(set) var mean: [Double]
  /// Sum of squared deviations from the mean, [D].
  private var squares: [Double]

  /// No vectors of `size` components seen.
  public init(size: Int) {
    mean = Array(repeating: 0, count: size)
    squares = Array(repeating: 0, count: size)
  }

  /// Restores saved moments.
  public init(count: Int, mean: [Double], squares: [Double]) {
    precondition(mean.count == squares.count && count >= 0, "moments of different sizes")
    self.count = count
    self.mean = mean
    self.squares = squares
  }

  /// The internal state: (count, mean, sum of squared deviations), for checkpoints.
  public var state: (count: Int, mean: [Double], squares: [Double]) { (count, mean, squares) }

  /// Takes in one vector of D components. O(D).
  public mutating func add(_ x: UnsafeBufferPointer<Float>) {
    precondition(x.count == mean.count, "\(x.count) components, expected \(mean.count)")
    count += 1
    let weight = 1 / Double(count)
    for i in mean.indices {
      let delta = Double(x[i]) - mean[i]
      mean[i] += delta * weight
      squares[i] += delta * (Double(x[i]) - mean[i])
    }
  }

  /// Takes in all rows of a [N, D] matrix.
  public mutating func add(_ rows: Matrix) {
    for r in 0..<rows.rows { add(rows.row(r)) }
  }

  /// Takes in everything `other` has seen.
  public mutating func merge(_ other: RunningMoments) {
    precondition(other.mean.count == mean.count, "moments of different sizes")
    guard other.count > 0 else { return }
    let total = count + other.count
    let share = Double(other.count) / Double(total)
    for i in mean.indices {
      let delta = other.mean[i] - mean[i]
      squares[i] += other.squares[i] + delta * delta * Double(count) * share
      mean[i] += delta * share
    }
    count = total
  }

  /// Variance of each component, dividing by the count; zeros before the first vector.
  public var variance: [Double] { squares.map { count == 0 ? 0 : $0 / Double(count) } }

  /// Variance of component `index`. Does not allocate.
  public func variance(of index: Int) -> Double { count == 0 ? 0 : squares[index] / Double(count) }

  /// Replaces `x` [D] by (x - mean) / sqrt(variance + 1e-8), limited to ±`limit`; before the second vector, by x so
  /// limited. NaN stays NaN. O(D), does not allocate.
  public func standardize(_ x: UnsafeMutableBufferPointer<Float>, limit: Float = .infinity) {
    precondition(x.count == mean.count, "\(x.count) components, expected \(mean.count)")
    for i in mean.indices {
      let score = count > 1 ? Float((Double(x[i]) - mean[i]) / (variance(of: i) + 1e-8).squareRoot()) : x[i]
      x[i] = score < -limit ? -limit : score > limit ? limit : score
    }
  }

  /// Square root of `variance`.
  public var standardDeviation: [Double] { variance.map { $0.squareRoot() } }
}
