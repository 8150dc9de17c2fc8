import Foundation
import Kernels
import Learners
import TestSupport
import Testing

/// Log-probabilities, entropies, divergences and their gradients of every family of distributions.
@Suite struct DistributionTests {
  static let names = NaiveDistribution.all.map(\.name)

  private func distribution(_ name: String) throws -> NaiveDistribution {
    try #require(NaiveDistribution.all.first { $0.name == name })
  }

  @Test(arguments: names) func valuesAreTheNaiveOnes(_ name: String) throws {
    let naive = try distribution(name)
    let (rows, other) = (Rows(naive, count: 9, seed: 1), Rows(naive, count: 9, seed: 2))
    for (found, expected) in [
      (rows.logProbabilities(), { naive.logProbability(rows.row($0), rows.shared, rows.action($0)) }),
      (rows.entropies(), { naive.entropy(rows.row($0), rows.shared) }),
      (rows.divergences(to: other), { naive.divergence(rows.row($0), rows.shared, other.row($0), other.shared) }),
    ] as [([Float], (Int) -> Double)] {
      for r in 0..<9 {
        #expect(abs(Double(found[r]) - expected(r)) < 1e-5 * max(1, abs(expected(r))), "row \(r) of \(name)")
      }
    }
  }

  /// Gradients by network rows and shared parameters, of a weighted sum of log-probabilities and entropies and of the
  /// divergence, against central differences of the naive values.
  @Test(arguments: names) func gradientsAreThoseOfTheValues(_ name: String) throws {
    let naive = try distribution(name)
    let (rows, old) = (Rows(naive, count: 5, seed: 3), Rows(naive, count: 5, seed: 4))
    let slopes: [Float] = [0.5, -1, 2, 0.1, -0.3]
    let width = naive.distribution.outputs
    func split(_ point: [Double]) -> (rows: [[Double]], shared: [Double]) {
      ((0..<5).map { Array(point[$0 * width..<($0 + 1) * width]) }, Array(point[(5 * width)...]))
    }
    let point = (rows.outputs + rows.sharedFloats).map(Double.init)
    var (gradient, shared) = ([Float](repeating: .nan, count: 5 * width), rows.sharedFloats.map { _ in Float(0) })
    rows.withRows {
      naive.distribution.backward(
        $0, actions: rows.actions, slopes: slopes, entropySlope: 0.7, gradient: &gradient, sharedGradient: &shared)
    }
    let error = gradientError(of: gradient + shared, at: point) {
      let (outputs, shared) = split($0)
      return (0..<5).reduce(0) {
        $0 + Double(slopes[$1]) * naive.logProbability(outputs[$1], shared, rows.action($1))
          + 0.7 * naive.entropy(outputs[$1], shared)
      }
    }
    #expect(error.worst < 1e-4, "\(error)")

    gradient = Array(repeating: 0, count: 5 * width)
    shared = shared.map { _ in 0 }
    rows.withRows { new in
      old.withRows { old in
        naive.distribution.addDivergenceGradient(
          from: old, to: new, scale: 1.3, gradient: &gradient, sharedGradient: &shared)
      }
    }
    let divergenceError = gradientError(of: gradient + shared, at: point) {
      let (outputs, shared) = split($0)
      return (0..<5).reduce(0) { $0 + 1.3 * naive.divergence(old.row($1), old.shared, outputs[$1], shared) }
    }
    #expect(divergenceError.worst < 1e-4, "\(divergenceError)")
  }

  /// The Fisher information as the Hessian of the divergence at equal parameters, by differences of its gradient.
  @Test(arguments: names) func fisherProductsAreTheDivergencesHessian(_ name: String) throws {
    let naive = try distribution(name)
    let rows = Rows(naive, count: 1, seed: 5)
    let width = naive.distribution.outputs
    var stream = RandomStream(seed: 6)
    let tangent = (0..<width).map { _ in stream.normal() }
    let sharedTangent = rows.sharedFloats.map { _ in stream.normal() }
    var (product, shared) = ([Float](repeating: .nan, count: width), rows.sharedFloats.map { _ in Float(0) })
    rows.withRows {
      naive.distribution.multiplyByFisher(
        $0, tangent: tangent, sharedTangent: sharedTangent, product: &product, sharedProduct: &shared)
    }
    let point = (rows.outputs + rows.sharedFloats).map(Double.init)
    let direction = (tangent + sharedTangent).map(Double.init)
    let expected = directionalDerivative(at: point, along: direction, step: 1e-3) { moved in
      centralDifferences(moved, 0..<moved.count) {
        naive.divergence(
          Array(point[..<width]), Array(point[width...]), Array($0[..<width]), Array($0[width...]))
      }
    }
    let error = relativeError(of: product + shared, from: expected)
    #expect(error.worst < 1e-3, "\(error)")
  }

  /// One normal component on a fine grid: densities integrate to 1, and entropies and divergences are their integrals.
  @Test(arguments: [false, true], [PolicySettings.Spread.shared, .state]) func integralsAgree(
    _ squashed: Bool, _ spread: PolicySettings.Spread
  ) throws {
    let naive = NaiveDistribution.gaussian(size: 1, spread: spread, squashed: squashed)
    let count = 40_001
    let (rows, other) = (Rows(naive, count: 1, seed: 7), Rows(naive, count: 1, seed: 8))
    let grid = (0..<count).map { Float(-12 + 24 * Double($0) / Double(count - 1)) }
    func densities(_ rows: Rows) -> [Double] {
      rows.repeated(count, actions: grid).logProbabilities().map(Double.init)
    }
    let (logs, others) = (densities(rows), densities(other))
    // the measure of what the environment gets: d tanh(u) = (1 - tanh(u)^2) du
    let measure = grid.map { u in 24 / Double(count - 1) * (squashed ? 1 - pow(tanh(Double(u)), 2) : 1) }
    let weights = zip(logs, measure).map { exp($0) * $1 }
    #expect(abs(weights.reduce(0, +) - 1) < 1e-3)
    let divergence = zip(weights, zip(logs, others)).reduce(0) { $0 + $1.0 * ($1.1.0 - $1.1.1) }
    #expect(abs(divergence - Double(rows.divergences(to: other)[0])) < 2e-3 * max(1, divergence))
    if !squashed {
      let entropy = -zip(weights, logs).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(abs(entropy - Double(rows.entropies()[0])) < 1e-3)
    }
  }

  /// Probabilities of all actions add up to 1, and draws have them.
  @Test(arguments: ["categorical", "several categoricals", "Bernoulli"]) func drawsFollowTheProbabilities(
    _ name: String
  ) throws {
    let naive = try distribution(name)
    let rows = Rows(naive, count: 1, seed: 9)
    let actions = naive.everyAction
    let logs = rows.repeated(actions.count, actions: actions.flatMap { $0.map(Float.init) }).logProbabilities()
    #expect(abs(logs.reduce(0.0) { $0 + exp(Double($1)) } - 1) < 1e-5)
    var (stream, counts, action) = (RandomStream(seed: 10), [[Double]: Int](), [Float](repeating: 0, count: 3))
    let draws = 100_000
    for _ in 0..<draws {
      naive.distribution.sample(rows.outputs, shared: rows.sharedFloats, using: &stream, action: &action)
      counts[action.prefix(naive.distribution.actionSize).map(Double.init), default: 0] += 1
    }
    for (action, log) in zip(actions, logs) {
      let p = exp(Double(log))
      let found = Double(counts[action] ?? 0) / Double(draws)
      #expect(abs(found - p) < 5 * (p * (1 - p) / Double(draws)).squareRoot() + 1e-9, "\(action) of \(name)")
    }
    naive.distribution.mode(rows.outputs, action: &action)
    let best = zip(actions, logs).max { $0.1 < $1.1 }?.0
    #expect(action.prefix(naive.distribution.actionSize).map(Double.init) == best)
  }

  @Test func normalDrawsHaveTheirMomentsAndBounds() {
    let naive = NaiveDistribution.gaussian(size: 2, spread: .shared, squashed: true)
    let rows = Rows(naive, count: 1, seed: 11)
    var (stream, raw, action) = (
      RandomStream(seed: 12), [Float](repeating: 0, count: 2), [Float](repeating: 0, count: 2)
    )
    var moments = RunningMoments(size: 2)
    for _ in 0..<50_000 {
      naive.distribution.sample(rows.outputs, shared: rows.sharedFloats, using: &stream, action: &raw)
      naive.distribution.writeAction(raw, into: &action)
      for c in 0..<2 {
        let expected = NaiveDistribution.center[c] + NaiveDistribution.half[c] * tanh(Double(raw[c]))
        if abs(Double(action[c]) - expected) > 1e-5 { Issue.record("action \(action) for \(raw)") }
      }
      raw.withUnsafeBufferPointer { moments.add($0) }
    }
    for c in 0..<2 {
      let deviation = exp(rows.shared[c])
      #expect(abs(moments.mean[c] - Double(rows.outputs[c])) < 5 * deviation / 50_000.squareRoot())
      #expect(abs(moments.variance(of: c) / (deviation * deviation) - 1) < 0.03)
    }
  }
}
