import Foundation
import Kernels

extension GaussianMixture {
  /// A responsibility whose logarithm is so far below the largest of its point is zero: 4e-18, lost in the rounding of
  /// their sum.
  private static let negligible = -40.0

  /// Writes the responsibilities [K, N] of a block of `points` [D + 1, N] into vectors of memory and returns the sum of
  /// the log-likelihoods of the first `rows`. N is a whole number of vectors; the last row is ones.
  func expect(
    _ count: Int, rows: Int, _ points: UnsafePointer<Double>, into responsibilities: UnsafeMutablePointer<Double>
  ) -> Double {
    let (d, stride) = (size, SmallMatrixKernels.padded(size))
    whitening.withUnsafeBufferPointer { whitening in
      guard let whitening = whitening.baseAddress else { return }
      for component in 0..<self.count {
        let logs = responsibilities + component * count
        for row in 0..<count { logs[row] = logScales[component] }
        // the squared lengths of the images Wᵀ (x, 1) are the Mahalanobis distances
        SmallMatrixKernels.subtractHalfSquares(
          rowBlocks: stride / SmallMatrixKernels.width, vectors: count / SmallMatrixKernels.width, inner: d + 1,
          whitening + component * (d + 1) * stride, lda: stride, points, ldb: count, from: logs)
      }
    }
    return normalize(count, rows: rows, responsibilities)
  }

  /// Turns the logarithms of w_k N(x; m_k, S_k), [K, N], into responsibilities; the sum of the log-likelihoods of the
  /// first `rows`. Sums of exponentials are taken after the largest is divided out.
  private func normalize(_ count: Int, rows: Int, _ values: UnsafeMutablePointer<Double>) -> Double {
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * count) { scratch in
      withUnsafeTemporaryAllocation(of: Int.self, capacity: count) { indices in
        guard let largest = scratch.baseAddress else { return 0 }
        let sums = largest + count
        for row in 0..<count { (largest[row], sums[row]) = (values[row], 0) }
        for component in 1..<max(self.count, 1) {
          let logs = values + component * count
          for row in 0..<count { largest[row] = logs[row] > largest[row] ? logs[row] : largest[row] }
        }
        for component in 0..<self.count {
          let shares = values + component * count
          // exponentials are dear, and most of them would be lost
          var kept = 0
          for row in 0..<count {
            shares[row] -= largest[row]
            indices[kept] = row
            kept += shares[row] < Self.negligible ? 0 : 1
            shares[row] = shares[row] < Self.negligible ? 0 : shares[row]
          }
          for index in 0..<kept {
            let row = indices[index]
            shares[row] = exp(shares[row])
            sums[row] += shares[row]
          }
        }
        for component in 0..<self.count {
          let shares = values + component * count
          for row in 0..<count { shares[row] /= sums[row] }
        }
        var total = 0.0
        for row in 0..<rows { total += largest[row] + log(sums[row]) }
        return total
      }
    }
  }

  /// Responsibilities [N, K] of `points` [N, D].
  public func responsibilities(of points: [Double]) -> [Double] { expectation(of: points).responsibilities }

  /// The mean log-likelihood of `points` [N, D].
  public func logLikelihood(of points: [Double]) -> Double {
    expectation(of: points).total / Double(points.count / size)
  }

  private func expectation(of points: [Double]) -> (responsibilities: [Double], total: Double) {
    precondition(points.count % size == 0 && !points.isEmpty, "\(points.count) numbers are no points of \(size)")
    let (d, k, rows) = (size, count, points.count / size)
    let blocks = PointBlocks(PointBlocks.extended(points, size: d), width: d + 1)
    let found = AlignedBuffer(count: PointBlocks.rows * k)
    var (result, total) = ([Double](repeating: 0, count: rows * k), 0.0)
    for index in 0..<blocks.count {
      let (first, stride) = (blocks.first(index), blocks.stride(index))
      blocks.withBlock(index) { total += expect(stride, rows: blocks.rows(index), $0, into: found.pointer) }
      for row in 0..<blocks.rows(index) {
        for component in 0..<k { result[(first + row) * k + component] = found.pointer[component * stride + row] }
      }
    }
    return (result, total)
  }
}
