import Archive
import Foundation
import Interfaces
import Kernels

/// Linear-Gaussian conditionals for every time, by regression with a normal-inverse-Wishart prior that a Gaussian
/// mixture over all times gives (Levine, Finn, Darrell and Abbeel 2016, section 4.3).
///
/// The mixture is fitted to the rows (z, y) of the newest iterations. At time t it becomes one Gaussian by the mean
/// responsibilities r_k of that time's rows: m_0, S_0 are the moments of Σ r_k N(m_k, S_k), and both count for
/// min(strength, Σ r_k N_k) observations, N_k being the rows of cluster k. The posterior mean of the joint covariance
/// gives
///
///     M_t = S_yz S_zz⁻¹,   b_t = ȳ - M_t z̄,   N_t = S_yy - M_t S_zz M_tᵀ
///
/// with the sample means z̄, ȳ as in the authors' code. Everything is done on numbers standardized over all rows at
/// hand, in which `regularization` is added to the diagonal of S_zz. O(T (N K D² + D³)).
public struct MixtureRegression: LinearGaussianEstimator, Sendable {
  private let settings: LinearGaussianRegressionSettings
  private let width: Int
  /// Rows (z, y) of past iterations, an element a condition and iteration, the newest last.
  private var past: [(rows: [Double], trajectories: Int)] = []
  /// Elements of `past` that each iteration added.
  private var iterations: [Int] = []
  private var mixture: GaussianMixture?
  private var coordinates: Standardization

  /// Knows nothing. Rows have `inputSize` and `outputSize` numbers.
  public init(_ settings: LinearGaussianRegressionSettings, inputSize: Int, outputSize: Int) {
    self.settings = settings
    width = inputSize + outputSize
    coordinates = Standardization(size: width)
  }

  /// The mixture, in standardized coordinates; nil without one.
  public var prior: GaussianMixture? { mixture }

  public mutating func absorb(_ rows: [TimedRows], using random: inout RandomStream) -> PriorReport {
    precondition(rows.allSatisfy { $0.width == width }, "rows of another width")
    guard settings.strength > 0, !rows.isEmpty else { return PriorReport() }
    past += rows.map { ($0.values, $0.count) }
    iterations.append(rows.count)
    while iterations.count > settings.history { forget() }
    while iterations.count > 1, past.reduce(0, { $0 + $1.trajectories }) > settings.trajectories { forget() }
    let points = past.flatMap(\.rows)
    var report = PriorReport()
    report.rows = points.count / width
    let before = mixture.map { $0.responsibilities(of: coordinates.apply(points)) }
    let moved = Standardization(of: points, size: width)
    guard
      let (fitted, details) = GaussianMixture.fit(
        moved.apply(points), size: width, settings.mixture, from: before, using: &random)
    else {
      report.failed = true
      return report
    }
    (mixture, coordinates) = (fitted, moved)
    report.clusters = fitted.count
    report.dropped = details.drops.count
    report.logLikelihood = details.logLikelihoods.last ?? 0
    return report
  }

  private mutating func forget() {
    past.removeFirst(iterations[0])
    iterations.removeFirst()
  }

  public func fit(_ rows: TimedRows) -> LinearGaussianFit {
    precondition(rows.width == width, "rows of another width")
    let coordinates = mixture == nil ? Standardization(of: rows.values, size: width) : self.coordinates
    let points = coordinates.apply(rows.values)
    guard points.allSatisfy(\.isFinite) else { return .failed(step: 0) }
    let shares = mixture.map { $0.responsibilities(of: points) }
    let regression = ConditionalRegression(
      rows: rows, points: points, coordinates: coordinates, regularization: settings.regularization)
    return regression.fit { t in
      guard let mixture, let shares else { return NormalInverseWishart(uninformedOf: width) }
      return prior(mixture, shares, at: t, count: rows.count)
    }
  }

  private func prior(_ mixture: GaussianMixture, _ shares: [Double], at t: Int, count: Int) -> NormalInverseWishart {
    let k = mixture.count
    var means = [Double](repeating: 0, count: k)
    for row in t * count..<(t + 1) * count { for c in 0..<k { means[c] += shares[row * k + c] / Double(count) } }
    let (mean, covariance) = mixture.moments(means)
    let rows = zip(means, mixture.counts).reduce(0) { $0 + $1.0 * $1.1 }
    let strength = min(settings.strength, rows)
    return NormalInverseWishart(
      mean: mean, meanStrength: strength, covariance: covariance, covarianceStrength: strength)
  }
}

extension MixtureRegression: Checkpointable {
  public func save(to writer: inout StateWriter) {
    writer.write("iterations", iterations)
    writer.write("trajectories", past.map(\.trajectories))
    writer.write("sizes", past.map(\.rows.count))
    writer.write("rows", past.flatMap(\.rows))
    writer.write("means", coordinates.means)
    writer.write("scales", coordinates.scales)
    writer.write("weights", mixture?.weights ?? [])
    writer.write("cluster_means", mixture?.means ?? [])
    writer.write("cluster_covariances", mixture?.covariances ?? [])
    writer.write("cluster_counts", mixture?.counts ?? [])
    writer.write("cluster_whitening", mixture?.whitening ?? [])
    writer.write("cluster_scales", mixture?.logScales ?? [])
  }

  public mutating func restore(from reader: StateReader) throws(ArchiveError) {
    iterations = try reader.counts("iterations")
    let (trajectories, sizes) = (try reader.counts("trajectories"), try reader.counts("sizes"))
    let rows = try reader.read("rows", as: Double.self)
    // added up with care: counts of a file that was made to mislead may be any
    func sum(_ counts: [Int], is total: Int) -> Bool {
      var left = total
      for count in counts {
        guard count <= left else { return false }
        left -= count
      }
      return left == 0
    }
    guard sum(iterations, is: sizes.count), trajectories.count == sizes.count, sum(sizes, is: rows.count),
      sizes.allSatisfy({ $0 % width == 0 }), trajectories.allSatisfy({ $0 <= rows.count })
    else { throw .mismatch(name: "rows", expected: "\(sizes) numbers", found: "\(rows.count)") }
    past = []
    var first = 0
    for (count, size) in zip(trajectories, sizes) {
      past.append((Array(rows[first..<first + size]), count))
      first += size
    }
    coordinates = Standardization(
      means: try reader.read("means", shape: [width]), scales: try reader.read("scales", shape: [width]))
    let weights = try reader.read("weights", as: Double.self)
    guard !weights.isEmpty else {
      mixture = nil
      return
    }
    let (k, d) = (weights.count, width)
    mixture = GaussianMixture(
      weights: weights, means: try reader.read("cluster_means", shape: [k * d]),
      covariances: try reader.read("cluster_covariances", shape: [k * d * d]),
      counts: try reader.read("cluster_counts", shape: [k]),
      whitening: try reader.read("cluster_whitening", shape: [k * GaussianMixture.whiteningSize(d)]),
      logScales: try reader.read("cluster_scales", shape: [k]))
  }
}
