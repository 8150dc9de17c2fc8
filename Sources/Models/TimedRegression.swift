import Interfaces
import Kernels

/// Transitions sorted by their time within the episode, and the ridge regressions of `TimeVaryingLinearModel` on them.
struct TimedRegression {
  private let batch: TransitionBatch
  /// Rows of the batch at each time.
  private let rows: [[Int]]
  /// Variance of each input over all rows, [D + A]; 1 where there is none.
  private let scales: [Double]

  /// The transitions of `data` from `first` on.
  init(_ data: some TransitionSource, from first: Int, stateSize: Int, actionSize: Int) {
    precondition(data.count > first, "fitting to no transitions")
    var batch = TransitionBatch(count: data.count - first, observationSize: stateSize, actionSize: actionSize)
    let indices = (first..<data.count).map { Int32($0) }
    indices.withUnsafeBufferPointer { data.gather($0, into: &batch) }
    var rows: [[Int]] = []
    for row in indices.indices {
      let time = data.time(of: first + row)
      while rows.count <= time { rows.append([]) }
      rows[time].append(row)
    }
    self.rows = rows
    self.batch = batch
    let (count, size) = (Double(batch.count), stateSize + actionSize)
    var (sums, squares) = ([Double](repeating: 0, count: size), [Double](repeating: 0, count: size))
    for row in 0..<batch.count {
      for i in 0..<size {
        let value = Self.input(i, batch, row, stateSize: stateSize)
        sums[i] += value
        squares[i] += value * value
      }
    }
    scales = (0..<size).map { i in
      let variance = squares[i] / count - (sums[i] / count) * (sums[i] / count)
      return variance > 1e-12 ? variance : 1
    }
  }

  /// Steps of the longest episode.
  var horizon: Int { rows.count }

  private static func input(_ i: Int, _ batch: TransitionBatch, _ row: Int, stateSize: Int) -> Double {
    Double(i < stateSize ? batch.observations[row, i] : batch.actions[row, i - stateSize])
  }

  /// Writes A_t, B_t, c_t and N_t of one time; returns the mean squared length of what is left, and the factor of N_t.
  func fit(
    _ time: Int, window: Int, ridge: Double, into dynamics: inout TimeVaryingLinearGaussian
  ) throws(LinearAlgebraError) -> (residual: Double, factor: DoubleMatrix) {
    let (n, m) = (dynamics.stateSize, dynamics.actionSize)
    let size = n + m
    let used = rows[max(0, time - window)...min(rows.count - 1, time + window)].joined()
    let count = Double(used.count)
    var mean = [Double](repeating: 0, count: size + n)
    var values = [Double](repeating: 0, count: size + n)
    func read(_ row: Int) {
      for i in 0..<size { values[i] = Self.input(i, batch, row, stateSize: n) }
      for i in 0..<n { values[size + i] = Double(batch.nextObservations[row, i]) - values[i] }
    }
    for row in used {
      read(row)
      for i in values.indices { mean[i] += values[i] / count }
    }
    var (gram, cross) = (DoubleMatrix(rows: size, columns: size), DoubleMatrix(rows: size, columns: n))
    for row in used {
      read(row)
      for i in 0..<size {
        let centered = values[i] - mean[i]
        for j in 0..<size { gram[i, j] += centered * (values[j] - mean[j]) }
        for j in 0..<n { cross[i, j] += centered * (values[size + j] - mean[size + j]) }
      }
    }
    for i in 0..<size { gram[i, i] += ridge * count * scales[i] }
    let weights = try gram.solvePositiveDefinite(cross)

    // what is left, around zero mean
    var (covariance, residual) = (DoubleMatrix(rows: n, columns: n), 0.0)
    var left = [Double](repeating: 0, count: n)
    for row in used {
      read(row)
      for j in 0..<n {
        left[j] = values[size + j] - mean[size + j]
        for i in 0..<size { left[j] -= weights[i, j] * (values[i] - mean[i]) }
        residual += left[j] * left[j] / count
      }
      for i in 0..<n { for j in 0..<n { covariance[i, j] += left[i] * left[j] / count } }
    }
    for i in 0..<n {
      for j in 0..<n {
        dynamics.stateMatrices[(time * n + i) * n + j] = weights[j, i] + (i == j ? 1 : 0)
        dynamics.covariances[(time * n + i) * n + j] = covariance[i, j]
      }
      for j in 0..<m { dynamics.actionMatrices[(time * n + i) * m + j] = weights[n + j, i] }
      var offset = mean[size + i]
      for j in 0..<size { offset -= weights[j, i] * mean[j] }
      dynamics.offsets[time * n + i] = offset
    }
    // components without noise need a little for the factorization
    for i in 0..<n { covariance[i, i] += 1e-9 * residual + 1e-16 }
    return (residual, try covariance.cholesky())
  }
}
