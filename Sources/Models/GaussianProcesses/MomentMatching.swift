import Foundation
import Kernels

/// Moments of functions of a normal input x ~ N(μ, Σ) in closed form (Deisenroth and Rasmussen 2011, equations 10 to 23), with
/// their backward pass.
///
/// With ν_i = x_i - μ, T = (Σ + Λ)^-1, q_i = s² |Λ|^½ |Σ + Λ|^-½ exp(-½ ν_i' T ν_i), w_i = β_i q_i:
///
///     E f = Σ_i w_i,  Cov(x, f) = Σ T h,  h = Σ_i w_i ν_i
///     E f_a f_b = Σ_ij β_ai β_bj Q_ij,  less Σ_ij (K_a^-1)_ij Q_ij and with s² + n² more for a = b
///     log Q_ij = log k_a(x_i, μ) + log k_b(x_j, μ) - ½ log|R| + ½ z_ij' E z_ij
///     R = Σ C + I,  C = Λ_a^-1 + Λ_b^-1,  E = R^-1 Σ,  z_ij = Λ_a^-1 ν_i + Λ_b^-1 ν_j
///
/// O(E² n² K + E n K²), in double precision; pairs of functions are shared among threads. Allocates.
package struct MomentMatching {
  let sums: GaussianSums

  /// Of those functions.
  package init(_ sums: GaussianSums) { self.sums = sums }

  private var n: Int { sums.count }
  private var inputs: Int { sums.inputs }

  /// One function's part: T, h and log-free terms.
  private struct Single {
    var inverse: [Double]  // T [K, K]
    var values: [Double]  // q [n]
    var weighted: [Double]  // w [n]
    var mean: Double
    var first: [Double]  // h [K]
  }

  /// ν [n, K].
  private func gaps(_ mean: [Double]) -> [Double] {
    var gaps = sums.points
    for i in 0..<n { for k in 0..<inputs { gaps[i * inputs + k] -= mean[k] } }
    return gaps
  }

  private func single(_ a: Int, _ gaps: [Double], _ covariance: [Double]) -> Single? {
    let size = inputs
    var matrix = covariance
    for k in 0..<size { matrix[k * size + k] += sums.lengths[a][k] }
    guard let (inverse, logarithm) = Small.invert(matrix, size) else { return nil }
    var scale = log(sums.amplitudes[a]) - 0.5 * logarithm
    for k in 0..<size { scale += 0.5 * log(sums.lengths[a][k]) }
    var values = Small.forms(gaps, inverse, rows: n, size)
    for i in 0..<n { values[i] = scale - 0.5 * values[i] }
    DoubleBlocks.exponentials(&values, count: n)
    var weighted = values
    var (mean, first) = (0.0, [Double](repeating: 0, count: size))
    for i in 0..<n {
      weighted[i] *= sums.weights[a][i]
      mean += weighted[i]
      for k in 0..<size { first[k] += weighted[i] * gaps[i * size + k] }
    }
    return Single(inverse: inverse, values: values, weighted: weighted, mean: mean, first: first)
  }

  /// What two functions share: exp of the logarithms, [n, n], and the matrices between them.
  private struct Pair {
    var left: [Double]  // p [n, K]
    var right: [Double]  // o [n, K]
    var expected: [Double]  // Q [n, n]
    var middle: [Double]  // E [K, K]
    var turn: [Double]  // R^-T [K, K]
    var bend: [Double]  // C R^-1 [K, K]
  }

  private func pair(_ a: Int, _ b: Int, _ gaps: [Double], _ covariance: [Double]) -> Pair? {
    let size = inputs
    let roots = (0..<size).map { (1 / sums.lengths[a][$0] + 1 / sums.lengths[b][$0]).squareRoot() }
    // A = I + C^½ Σ C^½: |R| = |A|, R^-T = C^½ A^-1 C^-½, E = C^-½ (I - A^-1) C^-½
    var matrix = covariance
    for k in 0..<size {
      for l in 0..<size { matrix[k * size + l] *= roots[k] * roots[l] }
      matrix[k * size + k] += 1
    }
    guard let (inverse, logarithm) = Small.invert(matrix, size) else { return nil }
    var (middle, turn, bend) = (inverse, inverse, inverse)
    for k in 0..<size {
      for l in 0..<size {
        let i = k * size + l
        middle[i] = ((k == l ? 1 : 0) - inverse[i]) / (roots[k] * roots[l])
        turn[i] = roots[k] * inverse[i] / roots[l]
        bend[i] = roots[k] * inverse[i] * roots[l]
      }
    }
    func side(_ f: Int) -> (scaled: [Double], logarithms: [Double]) {
      var scaled = gaps
      for i in 0..<n { for k in 0..<size { scaled[i * size + k] /= sums.lengths[f][k] } }
      var logarithms = Small.forms(scaled, middle, rows: n, size)
      for i in 0..<n {
        var distance = 0.0
        for k in 0..<size { distance += scaled[i * size + k] * gaps[i * size + k] }
        logarithms[i] = 0.5 * (logarithms[i] - distance) + log(sums.amplitudes[f])
      }
      return (scaled, logarithms)
    }
    let (left, right) = (side(a), side(b))
    let through = Small.product(left.scaled, middle, rows: n, size, size)
    var expected = [Double](repeating: 0, count: n * n)
    DoubleBlocks.multiply(
      .none, .transposed, m: n, n: n, k: size, through, lda: size, right.scaled, ldb: size, &expected, ldc: n)
    expected.withUnsafeMutableBufferPointer { expected in
      right.logarithms.withUnsafeBufferPointer { columns in
        guard let expected = expected.baseAddress else { return }
        for i in 0..<n {
          let (row, scale) = (expected + i * n, left.logarithms[i] - 0.5 * logarithm)
          for j in 0..<n { row[j] += scale + columns[j] }
        }
        DoubleBlocks.exponentials(expected, count: n * n)
      }
    }
    return Pair(
      left: left.scaled, right: right.scaled, expected: expected, middle: middle, turn: turn, bend: bend)
  }

  private var pairs: [(a: Int, b: Int)] {
    (0..<sums.outputs).flatMap { a in (0...a).map { (a, $0) } }
  }

  /// The moments for an input of `mean` [K] and `covariance` [K, K]; nil where that is not positive semidefinite.
  package func moments(mean: [Double], covariance: [Double]) -> OutputMoments? {
    let (gaps, count, size) = (gaps(mean), sums.outputs, inputs)
    var result = OutputMoments(inputs: size, outputs: count)
    for a in 0..<count {
      guard let single = single(a, gaps, covariance) else { return nil }
      result.mean[a] = single.mean
      let column = Small.product(
        covariance, Small.product(single.inverse, single.first, rows: size, size, 1), rows: size, size, 1)
      for k in 0..<size { result.cross[k * count + a] = column[k] }
    }
    let pairs = pairs
    var values = [Double](repeating: .nan, count: pairs.count)
    values.withUnsafeMutableBufferPointer { values in
      WorkerPool.forEach(pairs.count) { index in
        let (a, b) = pairs[index]
        if let pair = pair(a, b, gaps, covariance) { values[index] = expectedProduct(a, b, pair.expected) }
      }
    }
    for (index, (a, b)) in pairs.enumerated() {
      let value = values[index] - result.mean[a] * result.mean[b] + (a == b ? sums.variances[a] : 0)
      guard value.isFinite else { return nil }
      result.covariance[a * count + b] = value
      result.covariance[b * count + a] = value
    }
    return result
  }

  /// Σ_ij (β_ai β_bj - δ_ab K^-1_ij) Q_ij.
  private func expectedProduct(_ a: Int, _ b: Int, _ expected: [Double]) -> Double {
    let correction = a == b ? sums.corrections?[a] : nil
    // over rows, so that the sums of all columns go side by side
    var (columns, taken) = ([Double](repeating: 0, count: n), [Double](repeating: 0, count: n))
    for i in 0..<n {
      let weight = sums.weights[a][i]
      for j in 0..<n { columns[j] += weight * expected[i * n + j] }
      if let correction { for j in 0..<n { taken[j] += correction[i * n + j] * expected[i * n + j] } }
    }
    var total = 0.0
    for j in 0..<n { total += columns[j] * sums.weights[b][j] - taken[j] }
    return total
  }

  /// The gradient of a scalar by the input, from that by the moments; with `parameters` by the functions, too, whose lengths
  /// must be shared. Nil where the covariance is not positive semidefinite.
  package func pullBack(
    _ gradient: OutputMoments, mean: [Double], covariance: [Double], parameters: Bool = false
  ) -> InputGradients? {
    let (gaps, count, size) = (gaps(mean), sums.outputs, inputs)
    let pairs = pairs
    var shares = [InputGradients?](repeating: nil, count: pairs.count)
    let singles = (0..<count).map { single($0, gaps, covariance) }
    guard !singles.contains(where: { $0 == nil }) else { return nil }
    shares.withUnsafeMutableBufferPointer { shares in
      WorkerPool.forEach(pairs.count) { index in
        let (a, b) = pairs[index]
        let weight = gradient.covariance[a * count + b] + (a == b ? 0 : gradient.covariance[b * count + a])
        shares[index] = pullBack(pair: a, b, weight, gaps, covariance, parameters)
      }
    }
    var total = empty(parameters)
    for share in shares {
      guard let share else { return nil }
      add(share, to: &total)
    }
    for a in 0..<count {
      guard let single = singles[a] else { return nil }
      // the covariance takes off products of means
      var byMean = gradient.mean[a]
      for b in 0..<count {
        byMean -= (gradient.covariance[a * count + b] + gradient.covariance[b * count + a]) * (singles[b]?.mean ?? 0)
      }
      let byCross = (0..<size).map { gradient.cross[$0 * count + a] }
      add(pullBack(single: a, single, byMean, byCross, gaps, covariance, parameters), to: &total)
    }
    return total
  }

  private func empty(_ parameters: Bool) -> InputGradients {
    InputGradients(
      mean: Array(repeating: 0, count: inputs), covariance: Array(repeating: 0, count: inputs * inputs),
      parameters: parameters
        ? (
          Array(repeating: 0, count: n * inputs),
          Array(repeating: Array(repeating: 0, count: n), count: sums.outputs), Array(repeating: 0, count: inputs)
        ) : nil)
  }

  private func add(_ share: InputGradients, to total: inout InputGradients) {
    for i in share.mean.indices { total.mean[i] += share.mean[i] }
    for i in share.covariance.indices { total.covariance[i] += share.covariance[i] }
    guard let from = share.parameters, var to = total.parameters else { return }
    total.parameters = nil
    for i in from.points.indices { to.points[i] += from.points[i] }
    for a in from.weights.indices { for i in 0..<n { to.weights[a][i] += from.weights[a][i] } }
    for k in from.lengths.indices { to.lengths[k] += from.lengths[k] }
    total.parameters = to
  }

  /// Of g E f + v' Cov(x, f), with r = T Σ v and ω_i = g + r' ν_i:
  ///
  ///     ∂μ = T Σ_i w_i ω_i ν_i - r Σ_i w_i
  ///     ∂Σ = ½ (T (Σ_i w_i ω_i ν_i ν_i') T - T Σ_i w_i ω_i) + sym(T Λ v (T h)')
  private func pullBack(
    single a: Int, _ single: Single, _ g: Double, _ v: [Double], _ gaps: [Double], _ covariance: [Double],
    _ parameters: Bool
  ) -> InputGradients {
    let size = inputs
    let (t, lengths) = (single.inverse, sums.lengths[a])
    let r = Small.product(t, Small.product(covariance, v, rows: size, size, 1), rows: size, size, 1)
    var (weight, first) = (0.0, [Double](repeating: 0, count: size))
    var second = [Double](repeating: 0, count: size * size)
    var shares = [Double](repeating: 0, count: n)
    for i in 0..<n {
      var omega = g
      for k in 0..<size { omega += r[k] * gaps[i * size + k] }
      shares[i] = omega
      let product = single.weighted[i] * omega
      weight += product
      for k in 0..<size {
        let part = product * gaps[i * size + k]
        first[k] += part
        for l in 0...k { second[k * size + l] += part * gaps[i * size + l] }
      }
    }
    for k in 0..<size { for l in 0..<k { second[l * size + k] = second[k * size + l] } }
    var result = empty(parameters)
    result.mean = Small.product(t, first, rows: size, size, 1)
    for k in 0..<size { result.mean[k] -= single.mean * r[k] }
    let between = Small.product(Small.product(t, second, rows: size, size, size), t, rows: size, size, size)
    let (turned, carried) = (
      Small.product(t, zip(lengths, v).map { $0 * $1 }, rows: size, size, 1),
      Small.product(t, single.first, rows: size, size, 1)
    )
    for k in 0..<size {
      for l in 0..<size {
        let i = k * size + l
        result.covariance[i] =
          0.5 * (between[i] - weight * t[i]) + 0.5 * (turned[k] * carried[l] + turned[l] * carried[k])
      }
    }
    guard var found = result.parameters else { return result }
    let turnedGaps = Small.product(gaps, t, rows: n, size, size)
    for i in 0..<n {
      found.weights[a][i] = single.values[i] * shares[i]
      for k in 0..<size {
        found.points[i * size + k] = single.weighted[i] * (r[k] - shares[i] * turnedGaps[i * size + k])
      }
    }
    for k in 0..<size {
      let i = k * size + k
      found.lengths[k] = 0.5 * (between[i] - weight * t[i] + weight / lengths[k]) - r[k] * carried[k]
    }
    result.parameters = found
    return result
  }

  /// Of g (E f_a f_b), with U = g A ∘ Q, its sums u and t over rows and columns, and Z = Σ_ij U_ij z_ij z_ij':
  ///
  ///     ∂μ = R^-T Σ_ij U_ij z_ij,  ∂Σ = ½ (R^-T Z R^-1 - C R^-1 Σ_ij U_ij)
  private func pullBack(
    pair a: Int, _ b: Int, _ g: Double, _ gaps: [Double], _ covariance: [Double], _ parameters: Bool
  ) -> InputGradients? {
    let size = inputs
    guard let pair = pair(a, b, gaps, covariance) else { return nil }
    var u = pair.expected
    let correction = a == b ? sums.corrections?[a] : nil
    var (rows, columns) = ([Double](repeating: 0, count: n), [Double](repeating: 0, count: n))
    u.withUnsafeMutableBufferPointer { u in
      columns.withUnsafeMutableBufferPointer { columns in
        sums.weights[b].withUnsafeBufferPointer { right in
          for i in 0..<n {
            let left = g * sums.weights[a][i]
            for j in 0..<n { u[i * n + j] *= left * right[j] - g * (correction?[i * n + j] ?? 0) }
            var sum = 0.0
            for j in 0..<n { sum += u[i * n + j] }
            rows[i] = sum
            for j in 0..<n { columns[j] += u[i * n + j] }
          }
        }
      }
    }
    let total = rows.reduce(0, +)
    // U o and U' p
    var (across, back) = ([Double](repeating: 0, count: n * size), [Double](repeating: 0, count: n * size))
    DoubleBlocks.multiply(.none, .none, m: n, n: size, k: n, u, lda: n, pair.right, ldb: size, &across, ldc: size)
    var first = [Double](repeating: 0, count: size)
    var second = [Double](repeating: 0, count: size * size)
    for i in 0..<n {
      for k in 0..<size {
        let (p, o) = (pair.left[i * size + k], pair.right[i * size + k])
        first[k] += rows[i] * p + columns[i] * o
        for l in 0..<size {
          let (q, s) = (pair.left[i * size + l], pair.right[i * size + l])
          second[k * size + l] +=
            rows[i] * p * q + columns[i] * o * s + p * across[i * size + l] + q * across[i * size + k]
        }
      }
    }
    var result = empty(parameters)
    result.mean = Small.product(pair.turn, first, rows: size, size, 1)
    let turned = Small.product(pair.turn, second, rows: size, size, size)
    for k in 0..<size {
      for l in 0..<size {
        var sum = 0.0
        for j in 0..<size { sum += turned[k * size + j] * pair.turn[l * size + j] }
        result.covariance[k * size + l] = 0.5 * (sum - total * pair.bend[k * size + l])
      }
    }
    guard var found = result.parameters else { return result }
    precondition(sums.lengths[a] == sums.lengths[b] && correction == nil, "gradients by functions of other kinds")
    DoubleBlocks.multiply(.transposed, .none, m: n, n: size, k: n, u, lda: n, pair.left, ldb: size, &back, ldc: size)
    let lengths = sums.lengths[a]
    for i in 0..<n {
      for k in 0..<size {
        let j = i * size + k
        across[j] += rows[i] * pair.left[j]
        back[j] += columns[i] * pair.right[j]
      }
    }
    let (leftPull, rightPull) = (
      Small.product(across, pair.middle, rows: n, size, size), Small.product(back, pair.middle, rows: n, size, size)
    )
    var spread = [Double](repeating: 0, count: size)
    for i in 0..<n {
      var (left, right) = (0.0, 0.0)
      for j in 0..<n {
        left += pair.expected[i * n + j] * sums.weights[b][j]
        right += pair.expected[j * n + i] * sums.weights[a][j]
      }
      found.weights[a][i] += g * left
      found.weights[b][i] += g * right
      for k in 0..<size {
        let j = i * size + k
        found.points[j] += (leftPull[j] + rightPull[j] - (rows[i] + columns[i]) * gaps[j]) / lengths[k]
        spread[k] += 0.5 * (rows[i] + columns[i]) * gaps[j] * gaps[j]
      }
    }
    let seen = Small.product(pair.middle, second, rows: size, size, size)
    let both = Small.product(seen, pair.middle, rows: size, size, size)
    for k in 0..<size {
      let i = k * size + k
      let sum = spread[k] + total * pair.middle[i] + both[i] - seen[i] * lengths[k]
      found.lengths[k] = sum / (lengths[k] * lengths[k])
    }
    result.parameters = found
    return result
  }
}

/// Products of a few dozen numbers.
enum Small {
  /// A [rows, inner] B [inner, columns].
  static func product(_ a: [Double], _ b: [Double], rows: Int, _ inner: Int, _ columns: Int) -> [Double] {
    var c = [Double](repeating: 0, count: rows * columns)
    for i in 0..<rows {
      for k in 0..<inner {
        let factor = a[i * inner + k]
        for j in 0..<columns { c[i * columns + j] += factor * b[k * columns + j] }
      }
    }
    return c
  }

  /// x_i' S x_i of each row of x [rows, size].
  static func forms(_ x: [Double], _ s: [Double], rows: Int, _ size: Int) -> [Double] {
    let turned = product(x, s, rows: rows, size, size)
    var values = [Double](repeating: 0, count: rows)
    for i in 0..<rows { for k in 0..<size { values[i] += turned[i * size + k] * x[i * size + k] } }
    return values
  }

  /// Inverse and logarithm of the determinant of a symmetric positive definite matrix; nil for others.
  static func invert(_ matrix: [Double], _ size: Int) -> (inverse: [Double], logarithm: Double)? {
    guard matrix.allSatisfy(\.isFinite) else { return nil }
    var factor = matrix
    guard DoubleBlocks.factor(&factor, order: size) else { return nil }
    var logarithm = 0.0
    for k in 0..<size { logarithm += 2 * log(factor[k * size + k]) }
    DoubleBlocks.invert(factor: &factor, order: size)
    DoubleBlocks.mirror(&factor, order: size)
    return (factor, logarithm)
  }
}
