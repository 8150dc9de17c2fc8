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
  /// V diag(λ^-1/2) of each covariance V diag(λ) Vᵀ, below them its means' images -mᵀV diag(λ^-1/2), and zeros to whole
  /// vectors: [K, D + 1, 8 ⌈D / 8⌉].
  private(set) var whitening: [Double] = []
  /// log w_k - (log |S_k| + D log 2π) / 2, [K].
  private(set) var logScales: [Double] = []

  /// Numbers of `whitening` for each component over `d` numbers.
  static func whiteningSize(_ d: Int) -> Int { (d + 1) * SmallMatrixKernels.padded(d) }

  /// Number of components, K.
  public var count: Int { weights.count }

  /// A mixture of given parts; covariances must be positive definite.
  public init(weights: [Double], means: [Double], covariances: [Double], counts: [Double]) throws(LinearAlgebraError) {
    let k = weights.count
    precondition(k > 0 && means.count % k == 0 && counts.count == k, "an empty mixture")
    size = means.count / k
    precondition(covariances.count == k * size * size, "covariances of another size")
    (self.weights, self.means, self.covariances, self.counts) = (weights, means, covariances, counts)
    whitening = Array(repeating: 0, count: k * Self.whiteningSize(size))
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
    whitening = Array(repeating: 0, count: count * Self.whiteningSize(size))
    logScales = Array(repeating: 0, count: count)
  }

  /// Takes in the eigenvalues and eigenvectors of covariance `index`, whose weight and mean are known.
  mutating func setFactor(_ index: Int, values: [Double], vectors: DoubleMatrix) {
    let (d, first, stride) = (size, index * Self.whiteningSize(size), SmallMatrixKernels.padded(size))
    var determinant = 0.0
    for j in 0..<d {
      let scale = 1 / values[j].squareRoot()
      determinant += log(values[j])
      var image = 0.0
      for i in 0..<d {
        let value = vectors[i, j] * scale
        whitening[first + i * stride + j] = value
        image -= means[index * d + i] * value
      }
      whitening[first + d * stride + j] = image
    }
    logScales[index] = log(weights[index]) - (determinant + Double(d) * log(2 * Double.pi)) / 2
  }

  /// Counts [K], weights [K], means [K, D] and covariances [K, D, D], to write.
  mutating func withUnsafeParts(
    _ body: (
      _ counts: UnsafeMutablePointer<Double>, _ weights: UnsafeMutablePointer<Double>,
      _ means: UnsafeMutablePointer<Double>, _ covariances: UnsafeMutablePointer<Double>
    ) -> Void
  ) {
    counts.withUnsafeMutableBufferPointer { counts in
      weights.withUnsafeMutableBufferPointer { weights in
        means.withUnsafeMutableBufferPointer { means in
          covariances.withUnsafeMutableBufferPointer { covariances in
            guard let counts = counts.baseAddress, let weights = weights.baseAddress, let means = means.baseAddress,
              let covariances = covariances.baseAddress
            else { return }
            body(counts, weights, means, covariances)
          }
        }
      }
    }
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
    whitening = pick(whitening, Self.whiteningSize(d))
    logScales = pick(logScales, 1).map { $0 - log(total) }
    weights = pick(weights, 1).map { $0 / total }
  }
}

extension GaussianMixture {
  /// Mean and covariance of the mixture with its weights replaced by `shares` [K], which sum to one:
  /// m = Σ r_k m_k, S = Σ r_k (S_k + (m_k - m)(m_k - m)ᵀ).
  public func moments(_ shares: [Double]) -> (mean: [Double], covariance: [Double]) {
    precondition(shares.count == count, "\(shares.count) shares for \(count) components")
    let d = size
    var (mean, covariance) = ([Double](repeating: 0, count: d), [Double](repeating: 0, count: d * d))
    for k in 0..<count where shares[k] > 0 { for i in 0..<d { mean[i] += shares[k] * means[k * d + i] } }
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
