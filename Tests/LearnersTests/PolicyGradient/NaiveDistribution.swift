import Foundation
import Interfaces
import Kernels
import Learners

/// Distributions by their textbook formulas in double precision, beside those under test.
struct NaiveDistribution: Sendable {
  enum Family: Sendable {
    case categorical([Int])
    case bernoulli(Int)
    case gaussian(Int, PolicySettings.Spread, squashed: Bool)
  }

  /// Bounds of squashed actions.
  static let (center, half): ([Double], [Double]) = ([0.5, -1], [1.5, 2])

  let name: String
  let family: Family
  let distribution: any ActionDistribution

  static func gaussian(size: Int, spread: PolicySettings.Spread, squashed: Bool) -> NaiveDistribution {
    var settings = PolicySettings()
    settings.spread = spread
    settings.squashed = squashed
    let (low, high) = (
      (0..<size).map { Float(center[$0] - half[$0]) }, (0..<size).map { Float(center[$0] + half[$0]) }
    )
    return NaiveDistribution(
      name: "\(squashed ? "squashed " : "")Gaussian of spread \(spread)",
      family: .gaussian(size, spread, squashed: squashed),
      distribution: settings.distribution(for: .box(low: low, high: high)))
  }

  static let all: [NaiveDistribution] = [
    NaiveDistribution(
      name: "categorical", family: .categorical([5]),
      distribution: PolicySettings().distribution(for: .discrete(count: 5))),
    NaiveDistribution(
      name: "several categoricals", family: .categorical([2, 3]),
      distribution: PolicySettings().distribution(for: .multiDiscrete(counts: [2, 3]))),
    NaiveDistribution(
      name: "Bernoulli", family: .bernoulli(3),
      distribution: PolicySettings().distribution(for: .multiDiscrete(counts: [2, 2, 2]))),
    gaussian(size: 2, spread: .shared, squashed: false), gaussian(size: 2, spread: .state, squashed: false),
    gaussian(size: 2, spread: .shared, squashed: true), gaussian(size: 2, spread: .state, squashed: true),
  ]

  /// All actions of a family of choices.
  var everyAction: [[Double]] {
    let counts: [Int] =
      switch family {
      case .categorical(let counts): counts
      case .bernoulli(let size): Array(repeating: 2, count: size)
      case .gaussian: []
      }
    return counts.reduce([[]]) { prefixes, count in
      prefixes.flatMap { prefix in (0..<count).map { prefix + [Double($0)] } }
    }
  }

  private func choices(_ row: [Double], _ counts: [Int]) -> [[Double]] {
    var first = 0
    return counts.map { count in
      defer { first += count }
      let logits = row[first..<first + count]
      let total = logits.reduce(0) { $0 + exp($1) }
      return logits.map { exp($0) / total }
    }
  }

  private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

  /// Log standard deviation of component `c`.
  private func logStd(_ row: [Double], _ shared: [Double], _ size: Int, _ c: Int) -> Double {
    shared.isEmpty ? min(max(row[size + c], -20), 2) : shared[c]
  }

  func logProbability(_ row: [Double], _ shared: [Double], _ action: [Double]) -> Double {
    switch family {
    case .categorical(let counts):
      return zip(choices(row, counts), action).reduce(0) { sum, pair in sum + log(pair.0[Int(pair.1)]) }
    case .bernoulli:
      return zip(row, action).reduce(0) { sum, pair in
        sum + log(pair.1 == 1 ? sigmoid(pair.0) : 1 - sigmoid(pair.0))
      }
    case .gaussian(let size, _, let squashed):
      var sum = 0.0
      for c in 0..<size {
        let deviation = exp(logStd(row, shared, size, c))
        let z = (action[c] - row[c]) / deviation
        let squashing = squashed ? log(1 - pow(tanh(action[c]), 2)) : 0
        sum -= 0.5 * z * z + log(deviation * (2 * Double.pi).squareRoot()) + squashing
      }
      return sum
    }
  }

  /// Of squashed actions that before squashing.
  func entropy(_ row: [Double], _ shared: [Double]) -> Double {
    switch family {
    case .categorical(let counts):
      return choices(row, counts).joined().reduce(0) { sum, p in sum - p * log(p) }
    case .bernoulli:
      var sum = 0.0
      for p in row.map(sigmoid) {
        let q = 1 - p
        sum -= p * log(p) + q * log(q)
      }
      return sum
    case .gaussian(let size, _, _):
      let constant: Double = 0.5 * (1 + log(2 * Double.pi))
      return (0..<size).reduce(0) { sum, c in sum + logStd(row, shared, size, c) + constant }
    }
  }

  /// KL of the first from the second.
  func divergence(_ row: [Double], _ shared: [Double], _ other: [Double], _ otherShared: [Double]) -> Double {
    switch family {
    case .categorical(let counts):
      return zip(choices(row, counts).joined(), choices(other, counts).joined()).reduce(0) { sum, pair in
        sum + pair.0 * log(pair.0 / pair.1)
      }
    case .bernoulli:
      var sum = 0.0
      for (z, other) in zip(row, other) {
        let (p, q) = (sigmoid(z), sigmoid(other))
        sum += p * log(p / q) + (1 - p) * log((1 - p) / (1 - q))
      }
      return sum
    case .gaussian(let size, _, _):
      var sum = 0.0
      for c in 0..<size {
        let (s, t) = (exp(logStd(row, shared, size, c)), exp(logStd(other, otherShared, size, c)))
        sum += log(t / s) + (s * s + pow(row[c] - other[c], 2)) / (2 * t * t) - 0.5
      }
      return sum
    }
  }
}

/// Random network rows, shared parameters and actions of a distribution.
struct Rows {
  let naive: NaiveDistribution
  let count: Int
  let outputs: [Float]
  let sharedFloats: [Float]
  let actions: [Float]

  init(_ naive: NaiveDistribution, count: Int, seed: UInt64) {
    self.naive = naive
    self.count = count
    var stream = RandomStream(seed: seed).child("rows")
    outputs = (0..<count * naive.distribution.outputs).map { _ in 0.7 * stream.normal() }
    sharedFloats = (0..<naive.distribution.sharedCount).map { _ in 0.4 * stream.normal() }
    let choices = naive.everyAction.filter { !$0.isEmpty }
    actions = (0..<count).flatMap { _ in
      choices.isEmpty
        ? (0..<naive.distribution.actionSize).map { _ in stream.normal() }
        : choices[stream.index(below: choices.count)].map(Float.init)
    }
  }

  private init(_ other: Rows, count: Int, actions: [Float]) {
    naive = other.naive
    self.count = count
    outputs = Array(repeating: other.outputs, count: count).flatMap { $0 }
    sharedFloats = other.sharedFloats
    self.actions = actions
  }

  /// This one's only row, with `count` actions.
  func repeated(_ count: Int, actions: [Float]) -> Rows { Rows(self, count: count, actions: actions) }

  var shared: [Double] { sharedFloats.map(Double.init) }

  func row(_ index: Int) -> [Double] {
    let width = naive.distribution.outputs
    return outputs[index * width..<(index + 1) * width].map(Double.init)
  }

  func action(_ index: Int) -> [Double] {
    let width = naive.distribution.actionSize
    return actions[index * width..<(index + 1) * width].map(Double.init)
  }

  func withRows<Result>(_ body: (DistributionRows) -> Result) -> Result {
    outputs.withUnsafeBufferPointer { outputs in
      (sharedFloats + [0]).withUnsafeBufferPointer { shared in
        guard let outputs = outputs.baseAddress, let shared = shared.baseAddress else {
          preconditionFailure("no rows")
        }
        return body(DistributionRows(outputs, shared: shared, count: count))
      }
    }
  }

  func logProbabilities() -> [Float] {
    var result = [Float](repeating: .nan, count: count)
    withRows { naive.distribution.logProbabilities($0, actions: actions, into: &result) }
    return result
  }

  func entropies() -> [Float] {
    var result = [Float](repeating: .nan, count: count)
    withRows { naive.distribution.entropies($0, into: &result) }
    return result
  }

  func divergences(to other: Rows) -> [Float] {
    var result = [Float](repeating: .nan, count: count)
    withRows { own in other.withRows { naive.distribution.divergences(from: own, to: $0, into: &result) } }
    return result
  }
}
