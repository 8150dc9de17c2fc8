import Configuration
import Foundation
import Kernels

/// Settings of fits of Gaussian mixtures.
public struct MixtureSettings: Configuration {
  public init() {}
  @Setting("Most components of the mixture", in: 1...1000) public var clusters: Int = 20
  @Setting("Points for each component: with fewer there are fewer components", in: 2...1_000_000)
  public var pointsPerCluster: Int = 40
  @Setting("Iterations of expectation maximization at most", in: 1...10_000) public var iterations: Int = 30
  @Setting("Rise of the mean log-likelihood in an iteration at which it ends", in: 0...1)
  public var tolerance: Double = 1e-3
  @Setting("Smallest variance in any direction, in standardized coordinates", in: 1e-15...1)
  public var minimalVariance: Double = 1e-6
}

/// What a fit of a mixture did.
public struct MixtureReport: Sendable, Equatable {
  /// Mean log-likelihood of the points before each iteration and after the last; it never falls but where a component was
  /// dropped.
  public var logLikelihoods: [Double] = []
  /// The iterations (from 0) before which components were dropped, because fewer points belonged to them than a quarter of
  /// those wanted for each, once for each component.
  public var drops: [Int] = []
}

extension GaussianMixture {
  /// Fits a mixture to `points` [N, D] by expectation maximization from k-means++ centers (Arthur and Vassilvitskii 2007) and a
  /// few of Lloyd's iterations, or from the responsibilities `start` [N, K] if they are for as many components as there
  /// would be.
  ///
  /// The maximization is over covariances whose eigenvalues are at least the smallest variance: eigenvalues below it are
  /// raised to it, which is the constrained maximum, so that the likelihood never falls. Work is cut into blocks of 248
  /// points whose sums are added in order: the result does not depend on the number of threads. O(N K D²) an iteration.
  ///
  /// - Returns: nil if a point is not finite.
  public static func fit(
    _ points: [Double], size: Int, _ settings: MixtureSettings, from start: [Double]? = nil,
    using random: inout RandomStream
  ) -> (mixture: GaussianMixture, report: MixtureReport)? {
    precondition(size > 0 && points.count % size == 0 && !points.isEmpty, "no points")
    guard points.allSatisfy(\.isFinite) else { return nil }
    let work = MixtureWork(points, size: size, settings)
    let wanted = max(1, min(settings.clusters, work.count / settings.pointsPerCluster))
    var mixture = GaussianMixture(count: wanted, size: size)
    if let start, start.count == wanted * work.count {
      work.adopt(start)
    } else {
      work.assignByDistance(clusters: wanted, using: &random)
    }
    guard work.maximize(&mixture) else { return nil }
    var report = MixtureReport()
    for iteration in 0...settings.iterations {
      let tiny = Set(
        mixture.counts.indices.filter {
          mixture.count > 1 && mixture.counts[$0] < Double(settings.pointsPerCluster) / 4
        })
      if !tiny.isEmpty, tiny.count < mixture.count {
        mixture.drop(tiny)
        report.drops += tiny.map { _ in iteration }
      }
      let likelihood = work.expect(mixture) / Double(work.count)
      guard likelihood.isFinite else { return nil }
      let rise = likelihood - (report.logLikelihoods.last ?? -.infinity)
      report.logLikelihoods.append(likelihood)
      if iteration == settings.iterations || tiny.isEmpty && rise < settings.tolerance { break }
      guard work.maximize(&mixture) else { return nil }
    }
    return (mixture, report)
  }
}
