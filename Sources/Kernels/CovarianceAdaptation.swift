import Foundation

/// CMA-ES, the evolution strategy with covariance matrix adaptation (Hansen, "The CMA Evolution Strategy: A Tutorial" 2016,
/// arXiv 1604.00772, figure 6 with the parameters of table 1, negative weights included), in the unit box [-1, 1]^n.
///
/// This value holds what all searches of a size share. A search is a block of `stateCount` doubles, so that thousands of
/// small ones can lie side by side: `start` it, then as often as wanted `draw` candidates and `adapt` to their values.
///
/// A candidate outside the box is evaluated at the nearest point of the box. It counts as worse than that by a share of the
/// range of the generation's values times its squared distance in standard deviations, as otherwise nothing would draw the
/// distribution back; an optimum on the bounds is then met exactly. Values are maximized.
package struct CovarianceAdaptation: Sendable {
  /// Number of variables, n.
  package let dimension: Int
  /// Candidates a generation, lambda.
  package let population: Int
  /// w_i [lambda], best first; those from `parents` on are not positive.
  let weights: [Double]
  let parents: Int
  /// mu_eff of the positive weights.
  let effectiveParents: Double
  /// c_sigma and d_sigma, of the step size.
  let stepRate: Double
  let stepDamping: Double
  /// c_c, of the covariance's path.
  let pathRate: Double
  /// c_1 and c_mu.
  let rankOneRate: Double
  let rankMuRate: Double
  /// Expected length of a standard normal vector.
  let expectedLength: Double
  /// Generations between two decompositions of the covariance.
  let decompositionInterval: Int

  /// The population of table 1, 4 + floor(3 ln n).
  package static func standardPopulation(of dimension: Int) -> Int { 4 + Int(3 * log(Double(dimension))) }

  /// Searches of `dimension` variables by generations of `population`, at least 2.
  package init(dimension: Int, population: Int) {
    precondition(dimension > 0 && population > 1, "\(population) candidates of \(dimension) variables")
    (self.dimension, self.population) = (dimension, population)
    let (n, count) = (Double(dimension), population)
    let raw = (1...count).map { log((Double(count) + 1) / 2) - log(Double($0)) }
    let parents = raw.count { $0 > 0 }
    func effective(_ part: ArraySlice<Double>) -> Double {
      let (sum, squares) = (part.reduce(0, +), part.reduce(0) { $0 + $1 * $1 })
      return squares > 0 ? sum * sum / squares : 0
    }
    let (mu, negative) = (effective(raw[..<parents]), effective(raw[parents...]))
    let one = 2 / ((n + 1.3) * (n + 1.3) + mu)
    let many = min(1 - one, 2 * (0.25 + mu + 1 / mu - 2) / ((n + 2) * (n + 2) + mu))
    // the sum of the negative weights: no decay of the covariance, limited by what keeps it positive definite
    let limit =
      many > 0 ? min(1 + one / many, 1 + 2 * negative / (mu + 2), (1 - one - many) / (n * many)) : 0
    let (positiveSum, negativeSum) = (raw[..<parents].reduce(0, +), -raw[parents...].reduce(0, +))
    weights = raw.enumerated().map { index, weight in
      index < parents ? weight / positiveSum : negativeSum > 0 ? limit * weight / negativeSum : 0
    }
    (self.parents, effectiveParents) = (parents, mu)
    stepRate = (mu + 2) / (n + mu + 5)
    stepDamping = 1 + 2 * max(0, ((mu - 1) / (n + 1)).squareRoot() - 1) + stepRate
    pathRate = (4 + mu / n) / (n + 4 + 2 * mu / n)
    (rankOneRate, rankMuRate) = (one, many)
    expectedLength = n.squareRoot() * (1 - 1 / (4 * n) + 1 / (21 * n * n))
    decompositionInterval = max(1, Int(1 / ((one + many) * n * 10)))
  }

  /// Places in a search's block.
  private struct Places {
    let n: Int
    var mean: Int { 0 }
    var stepPath: Int { n }
    var covariancePath: Int { 2 * n }
    var lengths: Int { 3 * n }
    var covariance: Int { 4 * n }
    var axes: Int { 4 * n + n * n }
    var step: Int { 4 * n + 2 * n * n }
    var generation: Int { step + 1 }
    var end: Int { step + 2 }
  }

  private var places: Places { Places(n: dimension) }

  /// Doubles of a search.
  package var stateCount: Int { places.end }

  /// Doubles of scratch for `adapt`, which searches may share.
  package var scratchCount: Int { sharedScratch + (population + 3) * dimension + population }

  /// Doubles that the decomposition and the ranking use in turn.
  private var sharedScratch: Int { max(SmallSymmetricEigen.scratchCount(order: dimension), population) }

  /// Starts a search at `mean` [n], nil for the middle, with step size `deviation` and the identity for covariance.
  package func start(_ state: UnsafeMutablePointer<Double>, mean: UnsafePointer<Float>? = nil, deviation: Double) {
    let (n, places) = (dimension, places)
    state.update(repeating: 0, count: places.end)
    for i in 0..<n {
      if let mean { state[places.mean + i] = Double(mean[i]) }
      state[places.lengths + i] = 1
      state[places.covariance + i * n + i] = 1
      state[places.axes + i * n + i] = 1
    }
    state[places.step] = deviation
  }

  /// Mean of a search, [n].
  package func mean(of state: UnsafePointer<Double>) -> UnsafePointer<Double> { state + places.mean }

  /// Step size of a search.
  package func step(of state: UnsafePointer<Double>) -> Double { state[places.step] }

  /// Covariance of a search without the step size, [n, n].
  package func covariance(of state: UnsafePointer<Double>) -> UnsafePointer<Double> { state + places.covariance }

  /// Candidates [lambda, n] in the unit box from standard normal numbers [lambda, n]. O(lambda n^2), allocates nothing.
  package func draw(
    _ state: UnsafePointer<Double>, noise: UnsafePointer<Float>, into candidates: UnsafeMutablePointer<Float>
  ) {
    let (n, step, mean) = (dimension, state[places.step], state + places.mean)
    for k in 0..<population {
      let x = candidates + k * n
      for i in 0..<n {
        let value = Float(mean[i] + step * displacement(i, noise + k * n, state))
        x[i] = value < -1 ? -1 : value > 1 ? 1 : value
      }
    }
  }

  /// Component `i` of y = B D z.
  private func displacement(_ i: Int, _ z: UnsafePointer<Float>, _ state: UnsafePointer<Double>) -> Double {
    let (n, axes, lengths) = (dimension, state + places.axes, state + places.lengths)
    var y = 0.0
    for j in 0..<n { y += axes[j * n + i] * (lengths[j] * Double(z[j])) }
    return y
  }

  /// Share of the values' range that a squared distance of one standard deviation from the box costs.
  private static let penalty = 0.1

  /// Adapts a search to the `values` [lambda] of the candidates that `draw` made of `noise` [lambda, n]; those not finite
  /// count as the worst, and with none finite nothing changes. O(lambda n^2), and O(n^3) where the covariance is
  /// decomposed; allocates nothing.
  ///
  /// - Parameters:
  ///   - order: [lambda], overwritten by the candidates' ranking, best first.
  ///   - scratch: [scratchCount].
  package func adapt(
    _ state: UnsafeMutablePointer<Double>, noise: UnsafePointer<Float>, values: UnsafePointer<Float>,
    order: UnsafeMutablePointer<Int32>, scratch: UnsafeMutablePointer<Double>
  ) {
    let (n, places) = (dimension, places)
    let y = scratch + sharedScratch  // [lambda, n], then three vectors and norms
    let (shift, white, turned) = (y + population * n, y + (population + 1) * n, y + (population + 2) * n)
    let factors = y + (population + 3) * n
    let (mean, sigma) = (state + places.mean, state[places.step])
    let (axes, lengths) = (state + places.axes, state + places.lengths)
    for k in 0..<population { for i in 0..<n { y[k * n + i] = displacement(i, noise + k * n, state) } }
    rank(values, displacements: y, state, scratch, order: order)
    var finite = 0
    while finite < population && values[Int(order[finite])].isFinite { finite += 1 }
    guard finite > 0 else { return }
    // parents are finite: where there are fewer of them than usual, these share the weight of all
    let usable = min(parents, finite)
    var share = 1.0
    if usable < parents {
      share = 0
      for k in 0..<usable { share += weights[k] }
      share = 1 / share
    }
    // <y> = sum over the parents of w_i y_i
    shift.update(repeating: 0, count: n)
    for k in 0..<usable {
      let row = y + Int(order[k]) * n
      for i in 0..<n { shift[i] += share * weights[k] * row[i] }
    }
    for i in 0..<n { mean[i] += sigma * shift[i] }

    // p_sigma = (1 - c_sigma) p_sigma + sqrt(c_sigma (2 - c_sigma) mu_eff) C^(-1/2) <y>
    whiten(shift, axes, lengths, into: white, turned)
    let (path, kept) = (state + places.stepPath, 1 - stepRate)
    let fresh = (stepRate * (2 - stepRate) * effectiveParents).squareRoot()
    var square = 0.0
    for i in 0..<n {
      path[i] = kept * path[i] + fresh * white[i]
      square += path[i] * path[i]
    }
    state[places.generation] += 1
    let generation = state[places.generation]
    let length = square.squareRoot()
    let isShort =
      length / (1 - pow(kept, 2 * generation)).squareRoot() < (1.4 + 2 / (Double(n) + 1)) * expectedLength

    // p_c = (1 - c_c) p_c + h_sigma sqrt(c_c (2 - c_c) mu_eff) <y>
    let covariancePath = state + places.covariancePath
    let pathShare = isShort ? (pathRate * (2 - pathRate) * effectiveParents).squareRoot() : 0
    for i in 0..<n { covariancePath[i] = (1 - pathRate) * covariancePath[i] + pathShare * shift[i] }

    // C = (1 + c_1 delta - c_1 - c_mu sum w) C + c_1 p_c p_c' + c_mu sum w_i° y_i y_i'
    var sum = 0.0
    for k in 0..<population {
      let weight = k < usable ? share * weights[k] : k < parents ? 0 : weights[k]
      sum += weight
      factors[k] = rankMuRate * weight
      guard weight < 0 else { continue }
      whiten(y + Int(order[k]) * n, axes, lengths, into: white, turned)
      var norm = 0.0
      for i in 0..<n { norm += white[i] * white[i] }
      factors[k] *= norm > 1e-20 ? Double(n) / norm : 0
    }
    let delta = isShort ? 0 : pathRate * (2 - pathRate)
    let decay = 1 + rankOneRate * delta - rankOneRate - rankMuRate * sum
    let covariance = state + places.covariance
    for i in 0..<n {
      let row = covariance + i * n
      let one = rankOneRate * covariancePath[i]
      for j in 0...i { row[j] = decay * row[j] + one * covariancePath[j] }
      for k in 0..<population {
        let vector = y + Int(order[k]) * n
        let factor = factors[k] * vector[i]
        for j in 0...i { row[j] += factor * vector[j] }
      }
    }
    for i in 0..<n { for j in 0..<i { covariance[j * n + i] = covariance[i * n + j] } }

    // sigma = sigma exp(c_sigma / d_sigma (|p_sigma| / E|N| - 1)), never wider than the box
    state[places.step] = min(sigma * exp(stepRate / stepDamping * (length / expectedLength - 1)), 2)
    if Int(generation) % decompositionInterval == 0 { decompose(state, scratch) }
  }

  /// Ranks candidates by their values, those outside the box behind where they are evaluated. The first part of `scratch`
  /// serves the penalized values.
  private func rank(
    _ values: UnsafePointer<Float>, displacements y: UnsafePointer<Double>, _ state: UnsafePointer<Double>,
    _ scratch: UnsafeMutablePointer<Double>, order: UnsafeMutablePointer<Int32>
  ) {
    let (n, mean, step) = (dimension, state + places.mean, state[places.step])
    var (least, most) = (Float.infinity, -Float.infinity)
    for k in 0..<population where values[k].isFinite {
      least = min(least, values[k])
      most = max(most, values[k])
    }
    let scale = most > least ? CovarianceAdaptation.penalty * Double(most - least) : 0
    scratch.withMemoryRebound(to: Float.self, capacity: population) { penalized in
      for k in 0..<population {
        var distance = 0.0
        for i in 0..<n {
          let x = mean[i] + step * y[k * n + i]
          let outside = max(x - 1, -1 - x, 0)
          guard outside > 0 else { continue }
          let deviation = step * state[places.covariance + i * n + i].squareRoot()
          distance += outside * outside / max(deviation * deviation, 1e-300)
        }
        // a value that is not finite stays so
        penalized[k] = distance > 0 ? Float(Double(values[k]) - scale * distance) : values[k]
      }
      CovarianceAdaptation.rank(penalized, count: population, order: order)
    }
  }

  /// C = B D^2 B' anew; variances are kept above 1e-14 of the largest.
  private func decompose(_ state: UnsafeMutablePointer<Double>, _ scratch: UnsafeMutablePointer<Double>) {
    let (n, lengths) = (dimension, state + places.lengths)
    guard
      SmallSymmetricEigen.solve(
        state + places.covariance, order: n, values: lengths, vectors: state + places.axes, scratch: scratch)
    else { return }
    var largest = 1e-300
    for i in 0..<n { largest = max(largest, lengths[i]) }
    for i in 0..<n { lengths[i] = max(lengths[i], 1e-14 * largest).squareRoot() }
  }

  /// C^(-1/2) `vector` = B D^-1 B' `vector`.
  private func whiten(
    _ vector: UnsafePointer<Double>, _ axes: UnsafePointer<Double>, _ lengths: UnsafePointer<Double>,
    into result: UnsafeMutablePointer<Double>, _ turned: UnsafeMutablePointer<Double>
  ) {
    let n = dimension
    result.update(repeating: 0, count: n)
    for j in 0..<n {
      var along = 0.0
      for i in 0..<n { along += axes[j * n + i] * vector[i] }
      turned[j] = along / lengths[j]
    }
    for j in 0..<n { for i in 0..<n { result[i] += axes[j * n + i] * turned[j] } }
  }

  /// Indices of `values` in descending order, equal ones and those not finite in ascending order of index, the latter last.
  /// Heapsort: O(count log count), allocates nothing.
  package static func rank(_ values: UnsafePointer<Float>, count: Int, order: UnsafeMutablePointer<Int32>) {
    func isBefore(_ a: Int32, _ b: Int32) -> Bool {
      let (x, y) = (values[Int(a)], values[Int(b)])
      if x.isFinite != y.isFinite { return x.isFinite }
      return x.isFinite && x != y ? x > y : a < b
    }
    func sink(_ start: Int, _ end: Int) {
      var parent = start
      while 2 * parent + 1 < end {
        var child = 2 * parent + 1
        if child + 1 < end && isBefore(order[child], order[child + 1]) { child += 1 }
        guard isBefore(order[parent], order[child]) else { return }
        (order[parent], order[child]) = (order[child], order[parent])
        parent = child
      }
    }
    for index in 0..<count { order[index] = Int32(index) }
    for start in stride(from: count / 2 - 1, through: 0, by: -1) { sink(start, count) }
    for end in stride(from: count - 1, to: 0, by: -1) {
      (order[0], order[end]) = (order[end], order[0])
      sink(0, end)
    }
  }
}
