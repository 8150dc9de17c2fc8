import Foundation
import Kernels
import Models
import Testing

/// Expectation maximization of Gaussian mixtures.
@Suite struct GaussianMixtureTests {
  /// Points of `groups` groups, of which those with an odd number lie on a line; their centers are `apart` or multiples of
  /// it apart.
  private static func points(_ rows: Int, groups: Int, seed: UInt64, apart: Double = 4) -> [Double] {
    var random = RandomStream(seed: seed)
    return (0..<rows).flatMap { row -> [Double] in
      let group = row % groups
      let center = (0..<3).map { Double((group * 7 + $0 * 3) % 5) * apart }
      let z = (0..<3).map { _ in Double(random.normal()) }
      let line = group % 2 == 1
      return [center[0] + z[0], center[1] + (line ? 2 * z[0] : 0.5 * z[1]), center[2] + (line ? -z[0] : z[2])]
    }
  }

  private static func settings(_ change: (inout MixtureSettings) -> Void = { _ in }) -> MixtureSettings {
    var settings = MixtureSettings()
    settings.tolerance = 0
    change(&settings)
    return settings
  }

  @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6]) func likelihoodNeverFalls(_ seed: UInt64) throws {
    // so near to one another that the centers' partition is not the answer
    let points = Self.points(600, groups: 4, seed: seed, apart: 1)
    for clusters in [1, 3, 8] {
      var random = RandomStream(seed: seed)
      let settings = Self.settings { ($0.clusters, $0.iterations, $0.pointsPerCluster) = (clusters, 60, 4) }
      let (mixture, report) = try #require(GaussianMixture.fit(points, size: 3, settings, using: &random))
      let values = report.logLikelihoods
      for index in 1..<values.count where !report.drops.contains(index) {
        #expect(values[index] >= values[index - 1] - 1e-9, "iteration \(index) of \(clusters) clusters")
      }
      #expect(values.count > 2 || clusters == 1)
      let last = try #require(values.last)
      #expect(clusters == 1 || last > values[0])
      #expect(abs(mixture.logLikelihood(of: points) - last) < 1e-9)
      #expect(abs(mixture.weights.reduce(0, +) - 1) < 1e-12)
    }
  }

  /// Log-likelihood and responsibilities against the formula, with determinants and inverses written out.
  @Test func densitiesAreTheFormula() throws {
    let mixture = try GaussianMixture(
      weights: [0.3, 0.7], means: [0, 1, 2, -1], covariances: [2, 0.5, 0.5, 1, 1, 0, 0, 4], counts: [3, 7])
    func density(_ x: Double, _ y: Double, _ k: Int) -> Double {
      let (a, b, c) = k == 0 ? (2.0, 0.5, 1.0) : (1.0, 0.0, 4.0)
      let (dx, dy) = k == 0 ? (x, y - 1) : (x - 2, y + 1)
      let determinant = a * c - b * b
      let distance = (c * dx * dx - 2 * b * dx * dy + a * dy * dy) / determinant
      return exp(-distance / 2) / (2 * Double.pi * determinant.squareRoot()) * (k == 0 ? 0.3 : 0.7)
    }
    for (x, y) in [(0.2, -0.4), (1.5, 3.0), (-2.0, 0.5)] {
      let total = density(x, y, 0) + density(x, y, 1)
      #expect(abs(exp(mixture.logLikelihood(of: [x, y])) - total) < 1e-12)
      #expect(abs(mixture.responsibilities(of: [x, y])[0] - density(x, y, 0) / total) < 1e-12)
    }
    // far from everything, where each density underflows
    let far = mixture.responsibilities(of: [1e4, 1e4])
    #expect(far.allSatisfy(\.isFinite) && abs(far[0] + far[1] - 1) < 1e-12)
    #expect(mixture.logLikelihood(of: [1e4, 1e4]).isFinite)
    let (mean, covariance) = mixture.moments([0.3, 0.7])
    #expect(abs(mean[0] - 1.4) < 1e-12 && abs(mean[1] + 0.4) < 1e-12)
    // law of total variance: 0.3 (2 + 1.4²) + 0.7 (1 + 0.6²)
    #expect(abs(covariance[0] - (0.3 * (2 + 1.96) + 0.7 * 1.36)) < 1e-12)
  }

  @Test func findsSeparateGroups() throws {
    var random = RandomStream(seed: 3)
    let settings = Self.settings { ($0.clusters, $0.iterations, $0.pointsPerCluster) = (4, 60, 10) }
    let (mixture, _) = try #require(
      GaussianMixture.fit(Self.points(4000, groups: 4, seed: 9), size: 3, settings, using: &random))
    for group in 0..<4 {
      let center = (0..<3).map { Double((group * 7 + $0 * 3) % 5) * 4 }
      let errors = (0..<mixture.count).map { k in
        (0..<3).reduce(0.0) { max($0, abs(mixture.means[k * 3 + $1] - center[$1])) }
      }
      #expect((errors.min() ?? 1) < 0.15, "group \(group): \(errors)")
    }
  }

  /// Clusters of a few far points are dropped and told of; the rest sums to one.
  @Test func dropsTinyClusters() throws {
    var points = Self.points(400, groups: 1, seed: 1)
    points += [1e3, 1e3, 1e3, -1e3, 1e3, 0]
    var random = RandomStream(seed: 1)
    let settings = Self.settings { ($0.clusters, $0.pointsPerCluster) = (4, 40) }
    let (mixture, report) = try #require(GaussianMixture.fit(points, size: 3, settings, using: &random))
    #expect(!report.drops.isEmpty && mixture.count == 4 - report.drops.count && mixture.count >= 1)
    #expect(abs(mixture.weights.reduce(0, +) - 1) < 1e-12 && mixture.logLikelihood(of: points).isFinite)
  }

  @Test func degeneratePointsAndFailures() throws {
    var random = RandomStream(seed: 1)
    let same = [Double](repeating: 2, count: 300)
    let (mixture, _) = try #require(GaussianMixture.fit(same, size: 3, Self.settings(), using: &random))
    #expect(mixture.means.allSatisfy { abs($0 - 2) < 1e-9 })
    #expect(mixture.logLikelihood(of: same).isFinite)
    #expect(GaussianMixture.fit([1, .nan, 2], size: 3, Self.settings(), using: &random) == nil)
  }

  @Test func isAFunctionOfItsStream() throws {
    let points = Self.points(700, groups: 3, seed: 5)
    func fit(_ seed: UInt64) -> GaussianMixture? {
      var random = RandomStream(seed: seed)
      return GaussianMixture.fit(points, size: 3, Self.settings(), using: &random)?.mixture
    }
    #expect(fit(1) == fit(1) && fit(1) != fit(2))
  }

}
