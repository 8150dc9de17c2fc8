import Foundation
import Kernels

/// A mixture of K Gaussians with full covariances over D numbers, in double precision.
public struct GaussianMixture: Sendable, Equatable {
  /// Numbers in a point, D.
  public let size: Int
  /// Probability of each component, [K].
  public internal(set) var weights: [Double]
  /// Means, [K, D].
  public internal(set) var means: [Double]
  /// Covariances, [K, D, D].
  public internal(set) var covariances: [Double]
  /// Points that each component stands for in the last fit, [K].
  public internal(set) var counts: [Double]
  /// V diag(λ^-1/2) of each covariance V diag(λ) Vᵀ, below them its means' images -mᵀV diag(λ^-1/2): [K, D + 1, D].
  private(set) var whitening: [Double] = []
  /// log w_k - (log |S_k| + D log 2π) / 2, [K].
  private(set) var logScales: [Double] = []

  /// Number of components, K.
  public var count: Int { weights.count }

  /// A mixture of given parts; covariances must be positive definite.
  public init(weights: [Double], means: [Double], covariances: [Double], counts: [Double]) throws(LinearAlgebraError) {
    let k = weights.count
    precondition(k > 0 && means.count % k == 0 && counts.count == k, "an empty mixture")
    size = means.count / k
    precondition(covariances.count == k * size * size, "covariances of another size")
    (self.weights, self.means, self.covariances, self.counts) = (weights, means, covariances, counts)
    whitening = Array(repeating: 0, count: k * (size + 1) * size)
    logScales = Array(repeating: 0, count: k)
    for index in 0..<k {
      let covariance = DoubleMatrix(
        rows: size, columns: size, Array(covariances[index * size * size..<(index + 1) * size * size]))
      let (values, vectors) = try covariance.symmetricEigen()
      guard values.allSatisfy({ $0 > 0 }) else { throw .notPositiveDefinite(minor: 1) }
      setFactor(index, values: values, vectors: vectors)
    }
  }

  /// As it was saved, factors and all.
  init(
    weights: [Double], means: [Double], covariances: [Double], counts: [Double], whitening: [Double],
    logScales: [Double]
  ) {
    size = means.count / weights.count
    (self.weights, self.means, self.covariances, self.counts) = (weights, means, covariances, counts)
    (self.whitening, self.logScales) = (whitening, logScales)
  }

  /// Without anything known of its parts yet.
  init(count: Int, size: Int) {
    self.size = size
    weights = Array(repeating: 1 / Double(count), count: count)
    means = Array(repeating: 0, count: count * size)
    covariances = Array(repeating: 0, count: count * size * size)
    counts = Array(repeating: 0, count: count)
    whitening = Array(repeating: 0, count: count * (size + 1) * size)
    logScales = Array(repeating: 0, count: count)
  }

  /// Takes in the eigenvalues and eigenvectors of covariance `index`, whose weight and mean are known.
  mutating func setFactor(_ index: Int, values: [Double], vectors: DoubleMatrix) {
    let (d, first) = (size, index * (size + 1) * size)
    var determinant = 0.0
    for j in 0..<d {
      let scale = 1 / values[j].squareRoot()
      determinant += log(values[j])
      var image = 0.0
      for i in 0..<d {
        let value = vectors[i, j] * scale
        whitening[first + i * d + j] = value
        image -= means[index * d + i] * value
      }
      whitening[first + d * d + j] = image
    }
    logScales[index] = log(weights[index]) - (determinant + Double(d) * log(2 * Double.pi)) / 2
  }

  /// Drops the components of `indices`; the others' weights grow to sum to one.
  mutating func drop(_ indices: Set<Int>) {
    let kept = weights.indices.filter { !indices.contains($0) }
    func pick(_ values: [Double], _ width: Int) -> [Double] {
      kept.flatMap { values[$0 * width..<($0 + 1) * width] }
    }
    let (d, total) = (size, kept.reduce(0) { $0 + weights[$1] })
    means = pick(means, d)
    covariances = pick(covariances, d * d)
    counts = pick(counts, 1)
    whitening = pick(whitening, (d + 1) * d)
    logScales = pick(logScales, 1).map { $0 - log(total) }
    weights = pick(weights, 1).map { $0 / total }
  }
}

extension GaussianMixture {
  /// Writes the responsibilities [N, K] of `points` [N, D + 1], each followed by a one, and returns the sum of their
  /// log-likelihoods. Sums of exponentials are taken after the largest is divided out. `scratch` holds N D numbers.
  func expect(
    count: Int, _ points: UnsafePointer<Double>, into responsibilities: UnsafeMutablePointer<Double>,
    scratch: UnsafeMutablePointer<Double>
  ) -> Double {
    let (d, k) = (size, self.count)
    whitening.withUnsafeBufferPointer { whitening in
      guard let whitening = whitening.baseAddress else { return }
      for component in 0..<k {
        // Y = (X, 1) W, whose rows' squared lengths are the Mahalanobis distances
        gemm(
          m: count, n: d, k: d + 1, points, lda: d + 1, whitening + component * (d + 1) * d, ldb: d, scratch, ldc: d)
        for row in 0..<count {
          var sum = 0.0
          for j in 0..<d { sum += scratch[row * d + j] * scratch[row * d + j] }
          responsibilities[row * k + component] = logScales[component] - sum / 2
        }
      }
    }
    var total = 0.0
    for row in 0..<count {
      let r = responsibilities + row * k
      var largest = r[0]
      for component in 1..<max(k, 1) { largest = max(largest, r[component]) }
      var sum = 0.0
      for component in 0..<k {
        r[component] = exp(r[component] - largest)
        sum += r[component]
      }
      for component in 0..<k { r[component] /= sum }
      total += largest + log(sum)
    }
    return total
  }

  /// Responsibilities [N, K] of `points` [N, D].
  public func responsibilities(of points: [Double]) -> [Double] { expectation(of: points).responsibilities }

  /// The mean log-likelihood of `points` [N, D].
  public func logLikelihood(of points: [Double]) -> Double {
    expectation(of: points).total / Double(points.count / size)
  }

  private func expectation(of points: [Double]) -> (responsibilities: [Double], total: Double) {
    precondition(points.count % size == 0 && !points.isEmpty, "\(points.count) numbers are no points of \(size)")
    let rows = points.count / size
    var extended: [Double] = []
    extended.reserveCapacity(rows * (size + 1))
    for row in 0..<rows {
      extended.append(contentsOf: points[row * size..<(row + 1) * size])
      extended.append(1)
    }
    var (result, scratch) = (
      [Double](repeating: 0, count: rows * count), [Double](repeating: 0, count: rows * size)
    )
    let total = expect(count: rows, extended, into: &result, scratch: &scratch)
    return (result, total)
  }

  /// Mean and covariance of the mixture with its weights replaced by `shares` [K], which sum to one:
  /// m = Σ r_k m_k, S = Σ r_k (S_k + (m_k - m)(m_k - m)ᵀ).
  public func moments(_ shares: [Double]) -> (mean: [Double], covariance: [Double]) {
    precondition(shares.count == count, "\(shares.count) shares for \(count) components")
    let d = size
    var (mean, covariance) = ([Double](repeating: 0, count: d), [Double](repeating: 0, count: d * d))
    for k in 0..<count { for i in 0..<d { mean[i] += shares[k] * means[k * d + i] } }
    for k in 0..<count where shares[k] > 0 {
      for i in 0..<d {
        let left = means[k * d + i] - mean[i]
        for j in 0..<d {
          let spread = left * (means[k * d + j] - mean[j])
          covariance[i * d + j] += shares[k] * (covariances[(k * d + i) * d + j] + spread)
        }
      }
    }
    return (mean, covariance)
  }
}
