import Foundation
import Kernels

/// The points of a fit and its passes over them, cut into blocks of fixed size.
final class MixtureWork {
  /// Number of points, N.
  let count: Int
  private let size: Int
  private let settings: MixtureSettings
  /// Each point followed by a one, [N, D + 1], and the same by blocks.
  private let points: [Double]
  private let blocks: PointBlocks
  /// Those of the last expectation, of each block [K, stride].
  private var responsibilities = AlignedBuffer(count: 0)
  private var components = 0
  /// One a block: log-likelihoods.
  private var likelihoods: [Double]
  /// Second moments of (x, 1) by block and component, [blocks, K, D + 1, D + 1].
  private var moments: [Double] = []
  /// The points that belong to a component in a maximization, [N, D + 1].
  private let scratch: AlignedBuffer

  init(_ points: [Double], size: Int, _ settings: MixtureSettings) {
    count = points.count / size
    self.size = size
    self.settings = settings
    self.points = PointBlocks.extended(points, size: size)
    blocks = PointBlocks(self.points, width: size + 1)
    likelihoods = Array(repeating: 0, count: blocks.count)
    scratch = AlignedBuffer(count: count * (size + 1))
  }

  // MARK: - Passes

  /// Makes room for `components`; the contents are of no use after a change.
  private func prepare(_ components: Int) {
    guard components != self.components else { return }
    self.components = components
    responsibilities = AlignedBuffer(count: SmallMatrixKernels.padded(count) * components)
    moments = Array(repeating: 0, count: blocks.count * components * (size + 1) * (size + 1))
  }

  /// Responsibilities under `mixture`; the sum of the points' log-likelihoods.
  func expect(_ mixture: GaussianMixture) -> Double {
    let (k, blocks) = (mixture.count, blocks)
    prepare(k)
    let responsibilities = responsibilities
    likelihoods.withUnsafeMutableBufferPointer { likelihoods in
      guard let likelihoods = likelihoods.baseAddress else { return }
      WorkerPool.forEach(blocks.count) { block in
        blocks.withBlock(block) { points in
          likelihoods[block] = mixture.expect(
            blocks.stride(block), rows: blocks.rows(block), points,
            into: responsibilities.pointer + blocks.first(block) * k)
        }
      }
    }
    return likelihoods.reduce(0, +)
  }

  /// The mixture that the responsibilities call for. False if a covariance has no eigenvalues.
  func maximize(_ mixture: inout GaussianMixture) -> Bool {
    let (k, width, blocks) = (components, size + 1, blocks)
    // Σ_n r_nk (x, 1)(x, 1)ᵀ holds counts, sums and second moments at once; few points belong to a component at all
    let (responsibilities, scratch) = (responsibilities, scratch)
    points.withUnsafeBufferPointer { points in
      moments.withUnsafeMutableBufferPointer { moments in
        guard let points = points.baseAddress, let moments = moments.baseAddress else { return }
        WorkerPool.forEach(blocks.count) { block in
          let (first, rows, stride) = (blocks.first(block), blocks.rows(block), blocks.stride(block))
          let (x, y) = (points + first * width, scratch.pointer + first * width)
          withUnsafeTemporaryAllocation(of: Int.self, capacity: rows) { indices in
            for component in 0..<k {
              let shares = responsibilities.pointer + first * k + component * stride
              var owned = 0
              for row in 0..<rows {
                indices[owned] = row
                owned += shares[row] > 0 ? 1 : 0
              }
              for index in 0..<owned {
                let root = shares[indices[index]].squareRoot()
                let point = x + indices[index] * width
                for j in 0..<width { y[index * width + j] = root * point[j] }
              }
              let moment = moments + (block * k + component) * width * width
              guard owned > 0 else {
                moment.update(repeating: 0, count: width * width)
                continue
              }
              gemm(.transposed, m: width, n: width, k: owned, y, lda: width, y, ldb: width, moment, ldc: width)
            }
          }
        }
      }
    }
    return finish(&mixture)
  }

  /// Turns sums into weights, means and covariances.
  private func finish(_ mixture: inout GaussianMixture) -> Bool {
    let (d, k, width, blocks, count) = (size, components, size + 1, blocks.count, Double(count))
    let (floor, moments) = (settings.minimalVariance, moments)
    var eigen = [(values: [Double], vectors: DoubleMatrix)?](repeating: nil, count: k)
    mixture.withUnsafeParts { counts, weights, means, covariances in
      eigen.withUnsafeMutableBufferPointer { eigen in
        moments.withUnsafeBufferPointer { moments in
          guard let eigen = eigen.baseAddress, let moments = moments.baseAddress else { return }
          WorkerPool.forEach(k) { component in
            let (mean, covariance) = (means + component * d, covariances + component * d * d)
            withUnsafeTemporaryAllocation(of: Double.self, capacity: width * width) { total in
              total.initialize(repeating: 0)
              for block in 0..<blocks {
                let part = moments + (block * k + component) * width * width
                for i in 0..<width * width { total[i] += part[i] }
              }
              let share = max(total[d * width + d], 1e-300)
              counts[component] = total[d * width + d]
              weights[component] = share / count
              for i in 0..<d { mean[i] = total[i * width + d] / share }
              for i in 0..<d {
                for j in 0..<d { covariance[i * d + j] = total[i * width + j] / share - mean[i] * mean[j] }
              }
            }
            let matrix = DoubleMatrix(
              rows: d, columns: d, Array(UnsafeBufferPointer(start: covariance, count: d * d)))
            guard let (values, vectors) = try? matrix.symmetricEigen() else { return }
            let raised = values.map { max($0, floor) }
            eigen[component] = (raised, vectors)
            if raised[0] != values[0] { Self.compose(raised, vectors.elements, into: covariance) }
          }
        }
      }
    }
    for component in 0..<k {
      guard let (values, vectors) = eigen[component] else { return false }
      mixture.setFactor(component, values: values, vectors: vectors)
    }
    return true
  }

  /// Writes V diag(λ) Vᵀ.
  private static func compose(_ values: [Double], _ vectors: [Double], into product: UnsafeMutablePointer<Double>) {
    let d = values.count
    // the rows of V diag(λ^1/2), whose product with themselves is symmetric to the last bit
    let roots = values.map { $0.squareRoot() }
    withUnsafeTemporaryAllocation(of: Double.self, capacity: d * d) { scaled in
      guard let transposed = scaled.baseAddress else { return }
      for i in 0..<d { for j in 0..<d { transposed[j * d + i] = vectors[i * d + j] * roots[j] } }
      gemm(.transposed, m: d, n: d, k: d, transposed, lda: d, transposed, ldb: d, product, ldc: d)
    }
  }

  // MARK: - Start

  /// Begins with the given responsibilities [N, K].
  func adopt(_ given: [Double]) {
    precondition(given.count % count == 0 && !given.isEmpty, "responsibilities of other points")
    let k = given.count / count
    prepare(k)
    for block in 0..<blocks.count {
      let (first, stride) = (blocks.first(block), blocks.stride(block))
      for row in 0..<blocks.rows(block) {
        for component in 0..<k {
          responsibilities.pointer[first * k + component * stride + row] = given[(first + row) * k + component]
        }
      }
    }
  }

  /// Responsibilities of zero or one by the nearest of `clusters` centers: k-means++ and five of Lloyd's iterations.
  func assignByDistance(clusters: Int, using random: inout RandomStream) {
    // the one behind each point is the same for all, and so adds nothing to distances
    let owners = KMeans(points, size: size + 1, clusters: clusters, iterations: 5, using: &random).owners
    var shares = [Double](repeating: 0, count: count * clusters)
    for row in 0..<count { shares[row * clusters + owners[row]] = 1 }
    adopt(shares)
  }
}
