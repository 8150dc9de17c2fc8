import Foundation
import Kernels

/// The points of a fit and its passes over them, cut into shards of fixed size.
final class MixtureWork {
  private static let shard = 256

  /// Number of points, N.
  let count: Int
  private let size: Int
  private let settings: MixtureSettings
  /// Each point followed by a one, [N, D + 1].
  private let points: [Double]
  /// [N, K] of the last expectation.
  private var responsibilities: [Double] = []
  private var components = 0
  /// One a shard: log-likelihoods, and second moments of (x, 1) by component, [K, D + 1, D + 1].
  private var likelihoods: [Double]
  private var moments: [[Double]]
  private let shards: Int

  init(_ points: [Double], size: Int, _ settings: MixtureSettings) {
    count = points.count / size
    self.size = size
    self.settings = settings
    var extended: [Double] = []
    extended.reserveCapacity(count * (size + 1))
    for row in 0..<count {
      extended.append(contentsOf: points[row * size..<(row + 1) * size])
      extended.append(1)
    }
    self.points = extended
    shards = (count + Self.shard - 1) / Self.shard
    likelihoods = Array(repeating: 0, count: shards)
    moments = Array(repeating: [], count: shards)
  }

  // MARK: - Passes

  private struct Pass: ShardedWork {
    private let body: (Int) -> Void
    init(_ body: @escaping (Int) -> Void) { self.body = body }
    func run(shard: Int, worker: Int) { body(shard) }
  }

  /// Responsibilities under `mixture`; the sum of the points' log-likelihoods.
  func expect(_ mixture: GaussianMixture) -> Double {
    let (d, k) = (size, mixture.count)
    components = k
    responsibilities = Array(repeating: 0, count: count * k)
    var scratch = [Double](repeating: 0, count: count * d)
    let (count, shards) = (count, shards)
    points.withUnsafeBufferPointer { points in
      responsibilities.withUnsafeMutableBufferPointer { responsibilities in
        scratch.withUnsafeMutableBufferPointer { scratch in
          likelihoods.withUnsafeMutableBufferPointer { likelihoods in
            guard let points = points.baseAddress, let responsibilities = responsibilities.baseAddress,
              let scratch = scratch.baseAddress, let likelihoods = likelihoods.baseAddress
            else { return }
            let work = Pass { shard in
              let first = shard * Self.shard
              likelihoods[shard] = mixture.expect(
                count: min(Self.shard, count - first), points + first * (d + 1),
                into: responsibilities + first * k, scratch: scratch + first * d)
            }
            WorkerPool.run(shards: shards, work)
          }
        }
      }
    }
    return likelihoods.reduce(0, +)
  }

  /// The mixture that the responsibilities call for. False if a covariance has no eigenvalues.
  func maximize(_ mixture: inout GaussianMixture) -> Bool {
    let (d, k, count, shards) = (size, components, count, shards)
    let width = d + 1
    // Σ_n r_nk (x, 1)(x, 1)ᵀ holds counts, sums and second moments at once
    var sums = [Double](repeating: 0, count: shards * k * width * width)
    var scaled = [Double](repeating: 0, count: self.count * width)
    points.withUnsafeBufferPointer { points in
      responsibilities.withUnsafeBufferPointer { responsibilities in
        sums.withUnsafeMutableBufferPointer { sums in
          scaled.withUnsafeMutableBufferPointer { scaled in
            guard let points = points.baseAddress, let responsibilities = responsibilities.baseAddress,
              let sums = sums.baseAddress, let scaled = scaled.baseAddress
            else { return }
            let work = Pass { shard in
              let first = shard * Self.shard
              let rows = min(Self.shard, count - first)
              let (x, y) = (points + first * width, scaled + first * width)
              for component in 0..<k {
                for row in 0..<rows {
                  let share = responsibilities[(first + row) * k + component]
                  for j in 0..<width { y[row * width + j] = share * x[row * width + j] }
                }
                gemm(
                  .transposed, m: width, n: width, k: rows, x, lda: width, y, ldb: width,
                  sums + (shard * k + component) * width * width, ldc: width)
              }
            }
            WorkerPool.run(shards: shards, work)
          }
        }
      }
    }
    return finish(&mixture, sums)
  }

  private func finish(_ mixture: inout GaussianMixture, _ sums: [Double]) -> Bool {
    let (d, k) = (size, components)
    let width = d + 1
    var factors = [(values: [Double], vectors: DoubleMatrix)?](repeating: nil, count: k)
    var total = [Double](repeating: 0, count: width * width)
    for component in 0..<k {
      for i in total.indices { total[i] = 0 }
      for shard in 0..<shards {
        let first = (shard * k + component) * width * width
        for i in total.indices { total[i] += sums[first + i] }
      }
      let share = max(total[d * width + d], 1e-300)
      mixture.counts[component] = total[d * width + d]
      mixture.weights[component] = share / Double(count)
      for i in 0..<d { mixture.means[component * d + i] = total[i * width + d] / share }
      for i in 0..<d {
        for j in 0..<d {
          let second = (total[i * width + j] + total[j * width + i]) / (2 * share)
          mixture.covariances[(component * d + i) * d + j] =
            second - mixture.means[component * d + i] * mixture.means[component * d + j]
        }
      }
    }
    let covariances = mixture.covariances
    factors.withUnsafeMutableBufferPointer { factors in
      guard let factors = factors.baseAddress else { return }
      let work = Pass { component in
        let matrix = DoubleMatrix(
          rows: d, columns: d, Array(covariances[component * d * d..<(component + 1) * d * d]))
        factors[component] = try? matrix.symmetricEigen()
      }
      WorkerPool.run(shards: k, work)
    }
    for component in 0..<k {
      guard let (values, vectors) = factors[component] else { return false }
      let raised = values.map { max($0, settings.minimalVariance) }
      for i in 0..<d {
        for j in 0..<d where raised[0] != values[0] {
          var sum = 0.0
          for e in 0..<d { sum += vectors[i, e] * raised[e] * vectors[j, e] }
          mixture.covariances[(component * d + i) * d + j] = sum
        }
      }
      mixture.setFactor(component, values: raised, vectors: vectors)
    }
    return true
  }

  // MARK: - Start

  /// Begins with the given responsibilities [N, K].
  func adopt(_ given: [Double]) {
    precondition(given.count % count == 0 && !given.isEmpty, "responsibilities of other points")
    components = given.count / count
    responsibilities = given
  }

  /// Responsibilities of zero or one by the nearest of `clusters` centers: k-means++ and five of Lloyd's iterations.
  func assignByDistance(clusters: Int, using random: inout RandomStream) {
    let (d, width) = (size, size + 1)
    components = clusters
    func squaredDistance(_ row: Int, _ center: [Double]) -> Double {
      var sum = 0.0
      for j in 0..<d {
        let difference = points[row * width + j] - center[j]
        sum += difference * difference
      }
      return sum
    }
    func point(_ row: Int) -> [Double] { Array(points[row * width..<row * width + d]) }
    var centers = [point(random.index(below: count))]
    var nearest = (0..<count).map { squaredDistance($0, centers[0]) }
    while centers.count < clusters {
      let weights = nearest.map { Float($0) }
      let total = weights.reduce(0, +)
      let chosen = total > 0 && total.isFinite ? random.categorical(weights) : random.index(below: count)
      centers.append(point(chosen))
      for row in 0..<count { nearest[row] = min(nearest[row], squaredDistance(row, centers[centers.count - 1])) }
    }
    var owners = [Int](repeating: 0, count: count)
    for _ in 0..<5 {
      for row in 0..<count {
        var best = Double.infinity
        for (index, center) in centers.enumerated() {
          let distance = squaredDistance(row, center)
          if distance < best { (best, owners[row]) = (distance, index) }
        }
      }
      var (sums, sizes) = (
        centers.map { $0.map { _ in 0.0 } }, [Double](repeating: 0, count: clusters)
      )
      for row in 0..<count {
        sizes[owners[row]] += 1
        for j in 0..<d { sums[owners[row]][j] += points[row * width + j] }
      }
      for index in centers.indices where sizes[index] > 0 { centers[index] = sums[index].map { $0 / sizes[index] } }
    }
    responsibilities = Array(repeating: 0, count: count * clusters)
    for row in 0..<count { responsibilities[row * clusters + owners[row]] = 1 }
  }
}
