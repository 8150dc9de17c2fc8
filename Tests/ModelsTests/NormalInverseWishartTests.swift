import Foundation
import Kernels
import Models
import Testing

/// The conjugate posterior against its definition.
@Suite struct NormalInverseWishartTests {
  /// In one dimension IW(Ψ, ν) is an inverse gamma of shape ν/2 and scale Ψ/2: posterior means by summing the unnormalized
  /// posterior density over a grid.
  @Test(arguments: [(1.0, 2.0), (3.0, 0.5), (0.2, 6.0)]) func isBayesRule(_ kappa: Double, _ n0: Double) {
    let (m0, s0, data) = (0.4, 1.5, [1.2, -0.3, 2.0, 0.9])
    let prior = NormalInverseWishart(mean: [m0], meanStrength: kappa, covariance: [s0], covarianceStrength: n0)
    let mean = data.reduce(0, +) / 4
    let scatter = data.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let posterior = prior.posterior(mean: [mean], scatter: [scatter], count: 4)

    let (nu, psi) = (n0 + 2, n0 * s0)  // D = 1
    var (total, first, second) = (0.0, 0.0, 0.0)
    // log-spaced variances up to where nothing is left
    for step in 0..<4000 {
      let variance = exp(-6 + 16 * (Double(step) + 0.5) / 4000)
      for place in 0..<600 {
        // m in units of its posterior deviation at this variance
        let z = -8 + 16 * (Double(place) + 0.5) / 600
        let deviation = (variance / (kappa + 4)).squareRoot()
        let m = posterior.mean[0] + z * deviation
        var logDensity = -(nu / 2 + 1) * log(variance) - psi / (2 * variance)
        logDensity += -0.5 * log(variance) - kappa * (m - m0) * (m - m0) / (2 * variance)
        for x in data { logDensity += -0.5 * log(variance) - (x - m) * (x - m) / (2 * variance) }
        let mass = exp(logDensity) * variance * deviation  // d variance = variance d log variance
        total += mass
        first += mass * m
        second += mass * variance
      }
    }
    #expect(abs(first / total - posterior.mean[0]) < 1e-6)
    #expect(abs(second / total - posterior.covariance[0]) < 2e-3 * posterior.covariance[0])
  }

  /// One observation at a time leads where all at once do.
  @Test func observationsMayComeOneByOne() {
    var random = RandomStream(seed: 4)
    let d = 3
    let data = (0..<7).map { _ in (0..<d).map { _ in Double(random.normal()) } }
    let prior = NormalInverseWishart(
      mean: [0.1, -0.5, 2], meanStrength: 1.5, covariance: [2, 0.3, 0, 0.3, 1, 0.2, 0, 0.2, 3], covarianceStrength: 4)
    var one = prior
    for x in data { one = one.posterior(mean: x, scatter: Array(repeating: 0, count: d * d), count: 1) }
    let mean = (0..<d).map { i in data.reduce(0) { $0 + $1[i] } / 7 }
    var scatter = [Double](repeating: 0, count: d * d)
    for x in data { for i in 0..<d { for j in 0..<d { scatter[i * d + j] += (x[i] - mean[i]) * (x[j] - mean[j]) } } }
    let all = prior.posterior(mean: mean, scatter: scatter, count: 7)
    #expect(abs(all.meanStrength - one.meanStrength) < 1e-12)
    #expect(abs(all.covarianceStrength - one.covarianceStrength) < 1e-12)
    for i in 0..<d { #expect(abs(all.mean[i] - one.mean[i]) < 1e-12) }
    for i in 0..<d * d { #expect(abs(all.covariance[i] - one.covariance[i]) < 1e-12) }
  }

  @Test func withoutAPriorItIsTheSample() {
    let posterior = NormalInverseWishart(uninformedOf: 2).posterior(mean: [1, 2], scatter: [8, 2, 2, 4], count: 4)
    #expect(posterior.mean == [1, 2] && posterior.covariance == [2, 0.5, 0.5, 1])
  }
}
