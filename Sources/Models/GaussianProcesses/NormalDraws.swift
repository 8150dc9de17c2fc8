import Foundation
import Kernels

/// Fixed standard normal draws turned into points of a normal distribution, x = m + L e with L L' = S, and back: averages
/// of any function of a state, with pathwise gradients by mean and covariance.
package struct NormalDraws {
  /// [Q, D], of mean 0: each draw comes with its opposite.
  let draws: [Double]
  let size: Int
  /// Points, Q.
  package let count: Int

  /// `count` draws, an even number, of `size` components.
  package init(_ count: Int, size: Int, using random: inout RandomStream) {
    let half = (0..<count / 2 * size).map { _ in Double(random.normal()) }
    draws = half + half.map { -$0 }
    self.size = size
    self.count = count / 2 * 2
  }

  /// L, row by row; nil where `covariance` [D, D] is not positive semidefinite to rounding.
  package func root(_ covariance: [Double]) -> [Double]? {
    guard covariance.allSatisfy(\.isFinite) else { return nil }
    var factor = covariance
    for i in 0..<size { factor[i * size + i] += 1e-9 * (1 + abs(covariance[i * size + i])) }
    guard DoubleBlocks.factor(&factor, order: size) else { return nil }
    for i in 0..<size { for j in i + 1..<max(size, i + 1) { factor[i * size + j] = 0 } }
    return factor
  }

  /// Points [Q, D] about `mean` [D].
  package func points(mean: [Double], root: [Double]) -> [Double] {
    var points = [Double](repeating: 0, count: count * size)
    for q in 0..<count {
      for i in 0..<size {
        var x = mean[i]
        for j in 0...i { x += root[i * size + j] * draws[q * size + j] }
        points[q * size + i] = x
      }
    }
    return points
  }

  /// Gradients by mean [D] and covariance [D, D], symmetric, from those by the points [Q, D].
  ///
  /// With G = ∂/∂L and Φ the lower triangle with half its diagonal: ∂/∂S = sym(L^-T Φ(L' G) L^-1).
  package func pullBack(_ gradient: [Double], root: [Double]) -> (mean: [Double], covariance: [Double]) {
    var (mean, byRoot) = ([Double](repeating: 0, count: size), [Double](repeating: 0, count: size * size))
    for q in 0..<count {
      for i in 0..<size {
        let g = gradient[q * size + i]
        mean[i] += g
        for j in 0...i { byRoot[i * size + j] += g * draws[q * size + j] }
      }
    }
    var lower = [Double](repeating: 0, count: size * size)
    for i in 0..<size {
      for j in 0...i {
        var sum = 0.0
        for k in i..<size { sum += root[k * size + i] * byRoot[k * size + j] }
        lower[i * size + j] = i == j ? 0.5 * sum : sum
      }
    }
    // X = L^-T Φ L^-1: columns by substitution from below, then rows
    var solved = lower
    for c in 0..<size {
      for i in (0..<size).reversed() {
        var sum = solved[i * size + c]
        for k in i + 1..<max(size, i + 1) { sum -= root[k * size + i] * solved[k * size + c] }
        solved[i * size + c] = sum / root[i * size + i]
      }
    }
    for r in 0..<size {
      for j in (0..<size).reversed() {
        var sum = solved[r * size + j]
        for k in j + 1..<max(size, j + 1) { sum -= root[k * size + j] * solved[r * size + k] }
        solved[r * size + j] = sum / root[j * size + j]
      }
    }
    var covariance = solved
    for i in 0..<size {
      for j in 0..<size { covariance[i * size + j] = 0.5 * (solved[i * size + j] + solved[j * size + i]) }
    }
    return (mean, covariance)
  }
}
