import Foundation
import Kernels
import Models
import TestSupport
import Testing

/// Moments of functions of normal inputs against Monte Carlo, and their backward pass against finite differences.
@Suite struct MomentMatchingTests {
  private static let mean = [0.3, -0.2, 0.5]
  private static let covariance = [0.30, 0.10, -0.05, 0.10, 0.40, 0.02, -0.05, 0.02, 0.20]

  private static func processes() throws -> (sums: GaussianSums, outputs: [GaussianProcessOutput]) {
    var random = RandomStream(seed: 3)
    let points = (0..<14 * 3).map { _ in Double(random.normal()) }
    let parameters = [[0.1, 0.4, 0.2, 0.3, -1.2], [0.5, -0.1, 0.3, -0.2, -0.9]]
    let outputs = try parameters.enumerated().map { output, parameters in
      let y = (0..<14).map { i in
        sin(points[3 * i] + Double(output)) * points[3 * i + 1] + 0.3 * Double(random.normal())
      }
      return try #require(
        GaussianProcessOutput(GaussianProcessEvidence(points, y), points, at: parameters))
    }
    return (GaussianSums(outputs, points: points), outputs)
  }

  private static func radial() -> GaussianSums {
    var random = RandomStream(seed: 4)
    return GaussianSums(
      points: (0..<9 * 3).map { _ in Double(random.normal()) },
      weights: (0..<2).map { _ in (0..<9).map { _ in Double(random.normal()) } }, lengths: [0.8, 1.4, 0.6])
  }

  @Test func momentsAreThoseOfMonteCarlo() throws {
    let (sums, outputs) = try Self.processes()
    let found = try #require(MomentMatching(sums).moments(mean: Self.mean, covariance: Self.covariance))
    let count = 200_000
    let root = try DoubleMatrix(rows: 3, columns: 3, Self.covariance).cholesky()
    var random = RandomStream(seed: 5)
    var x = [Double](repeating: 0, count: 3 * count)
    for row in 0..<count {
      let draws = (0..<3).map { _ in Double(random.normal()) }
      for i in 0..<3 {
        x[3 * row + i] = Self.mean[i]
        for j in 0...i { x[3 * row + i] += root[i, j] * draws[j] }
      }
    }
    let drawn = outputs.map { $0.predictions(at: x) }
    func average(_ value: (Int) -> Double) -> Double { (0..<count).reduce(0) { $0 + value($1) } / Double(count) }
    for a in 0..<2 {
      let center = average { drawn[a].means[$0] }
      #expect(abs(found.mean[a] - center) < 5e-3, "\(found.mean[a]) and \(center)")
      for b in 0...a {
        let other = average { drawn[b].means[$0] }
        let covariance = average { row in
          (drawn[a].means[row] - center) * (drawn[b].means[row] - other)
            + (a == b ? drawn[a].deviations[row] * drawn[a].deviations[row] : 0)
        }
        #expect(
          abs(found.covariance[a * 2 + b] - covariance) < 5e-3, "\(found.covariance[a * 2 + b]) and \(covariance)")
      }
      for k in 0..<3 {
        let covariance = average { (x[3 * $0 + k] - Self.mean[k]) * (drawn[a].means[$0] - center) }
        #expect(abs(found.cross[k * 2 + a] - covariance) < 5e-3, "\(found.cross[k * 2 + a]) and \(covariance)")
      }
    }
  }

  /// Normal input of no variance: what is predicted there.
  @Test func withoutVarianceMomentsArePredictions() throws {
    let (sums, outputs) = try Self.processes()
    let found = try #require(
      MomentMatching(sums).moments(mean: Self.mean, covariance: Array(repeating: 0, count: 9)))
    for a in 0..<2 {
      let (means, deviations) = outputs[a].predictions(at: Self.mean)
      #expect(abs(found.mean[a] - means[0]) < 1e-10)
      #expect(abs(found.covariance[3 * a] - deviations[0] * deviations[0]) < 1e-9)
    }
    #expect(abs(found.covariance[1]) < 1e-10 && found.cross.allSatisfy { abs($0) < 1e-10 })
  }

  private static func price(_ moments: OutputMoments, _ gradient: OutputMoments) -> Double {
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    return dot(moments.mean, gradient.mean) + dot(moments.covariance, gradient.covariance)
      + dot(moments.cross, gradient.cross)
  }

  private static func prices() -> OutputMoments {
    var (gradient, random) = (OutputMoments(inputs: 3, outputs: 2), RandomStream(seed: 6))
    for i in 0..<2 { gradient.mean[i] = Double(random.normal()) }
    for i in 0..<4 { gradient.covariance[i] = Double(random.normal()) }
    for i in 0..<6 { gradient.cross[i] = Double(random.normal()) }
    return gradient
  }

  private static func check(_ found: [Double], at point: [Double], _ value: ([Double]) -> Double) {
    for i in point.indices {
      var (above, below) = (point, point)
      above[i] += 1e-5
      below[i] -= 1e-5
      let slope = (value(above) - value(below)) / 2e-5
      #expect(abs(found[i] - slope) < 1e-6 * max(1, abs(slope)), "component \(i): \(found[i]), differences \(slope)")
    }
  }

  @Test(arguments: [false, true]) func gradientsByInputsAreThoseOfFiniteDifferences(_ isRadial: Bool) throws {
    let matching = MomentMatching(isRadial ? Self.radial() : try Self.processes().sums)
    let prices = Self.prices()
    let found = try #require(matching.pullBack(prices, mean: Self.mean, covariance: Self.covariance))
    func value(_ mean: [Double], _ covariance: [Double]) -> Double {
      matching.moments(mean: mean, covariance: covariance).map { Self.price($0, prices) } ?? .nan
    }
    Self.check(found.mean, at: Self.mean) { value($0, Self.covariance) }
    // covariances change symmetrically
    for k in 0..<3 {
      for l in 0...k {
        func moved(_ shift: Double) -> Double {
          var covariance = Self.covariance
          covariance[3 * k + l] += shift
          if k != l { covariance[3 * l + k] += shift }
          return value(Self.mean, covariance)
        }
        let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5
        let analytic = found.covariance[3 * k + l] + (k == l ? 0 : found.covariance[3 * l + k])
        #expect(abs(analytic - slope) < 1e-6 * max(1, abs(slope)), "\(k), \(l): \(analytic), differences \(slope)")
      }
    }
  }

  @Test func gradientsByFunctionsAreThoseOfFiniteDifferences() throws {
    let (sums, prices) = (Self.radial(), Self.prices())
    let found = try #require(
      MomentMatching(sums).pullBack(prices, mean: Self.mean, covariance: Self.covariance, parameters: true)?.parameters)
    func value(_ change: (inout GaussianSums) -> Void) -> Double {
      var moved = sums
      change(&moved)
      return MomentMatching(moved).moments(mean: Self.mean, covariance: Self.covariance)
        .map { Self.price($0, prices) } ?? .nan
    }
    Self.check(found.points, at: sums.points) { points in value { $0.points = points } }
    for a in 0..<2 {
      Self.check(found.weights[a], at: sums.weights[a]) { weights in value { $0.weights[a] = weights } }
    }
    Self.check(found.lengths, at: sums.lengths[0]) { lengths in value { $0.lengths = [lengths, lengths] } }
  }
}
