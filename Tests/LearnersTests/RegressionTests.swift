import Foundation
import Kernels
import Learners
import TestSupport
import Testing

/// Regressions against references: extremely randomized trees against scikit-learn, neighbours against brute force,
/// linear weights against a known function.
@Suite struct RegressionTests {
  // MARK: - Extremely randomized trees

  /// Points of Weyl sequences, [800, size]: the sets of `Benchmarks/peers/extra_trees_sklearn.py`.
  private func points(_ size: Int) -> [[Double]] {
    let primes = [2.0, 3, 5, 7, 11, 13, 17, 19, 23, 29]
    return (1...800).map { row in
      (0..<size).map { (Double(row) * primes[$0].squareRoot()).truncatingRemainder(dividingBy: 1) }
    }
  }

  private func friedman(_ x: [Double]) -> Double {
    let first: Double = 10 * sin(Double.pi * x[0] * x[1])
    let second: Double = 20 * (x[2] - 0.5) * (x[2] - 0.5)
    return first + second + 10 * x[3] + 5 * x[4]
  }

  private func checkers(_ x: [Double], row: Int) -> Double {
    let noise: Double = (Double(row + 1) * 97.0.squareRoot()).truncatingRemainder(dividingBy: 1) - 0.5
    return ((x[0] > 0.5) != (x[1] > 0.3) ? 1.0 : -1.0) + noise
  }

  private func waves(_ x: [Double]) -> Double { sin(6 * x[0]) + cos(4 * x[1]) * x[2] }

  private func set(_ name: String) -> (x: [[Double]], y: [Double]) {
    let x = points(name == "friedman" ? 10 : name == "checkers" ? 2 : 3)
    return (
      x,
      x.indices.map { row -> Double in
        switch name {
        case "friedman": friedman(x[row])
        case "checkers": checkers(x[row], row: row)
        default: waves(x[row])
        }
      }
    )
  }

  /// A set, the settings and what scikit-learn's trees score on unseen points, the mean of 20 seeds.
  struct Case: CustomTestStringConvertible {
    var name: String
    var trees: Int
    var candidates: Int?
    var split: Int
    var leaf: Int
    var score: Double
    var testDescription: String { "\(name), \(trees) trees, split \(split), leaf \(leaf)" }
  }

  @Test(arguments: [
    Case(name: "friedman", trees: 100, candidates: nil, split: 2, leaf: 1, score: 0.8213),
    Case(name: "friedman", trees: 50, candidates: nil, split: 5, leaf: 2, score: 0.8117),
    Case(name: "friedman", trees: 50, candidates: 1, split: 10, leaf: 1, score: 0.4755),
    Case(name: "checkers", trees: 100, candidates: nil, split: 2, leaf: 1, score: 0.8569),
    Case(name: "checkers", trees: 50, candidates: nil, split: 5, leaf: 2, score: 0.8549),
    Case(name: "checkers", trees: 50, candidates: 1, split: 10, leaf: 1, score: 0.7571),
    Case(name: "waves", trees: 100, candidates: nil, split: 2, leaf: 1, score: 0.9888),
    Case(name: "waves", trees: 50, candidates: nil, split: 5, leaf: 2, score: 0.9828),
    Case(name: "waves", trees: 50, candidates: 1, split: 10, leaf: 1, score: 0.8920),
  ]) func treesScoreAsScikitLearns(_ wanted: Case) {
    let (x, y) = set(wanted.name)
    let size = x[0].count
    func part(_ rows: Range<Int>) -> (Matrix, Vector) {
      (
        Matrix(rows: rows.count, columns: size, rows.flatMap { row in x[row].map { Float($0) } }),
        Vector(rows.map { Float(y[$0]) })
      )
    }
    let ((seen, targets), (unseen, truth)) = (part(0..<400), part(400..<800))
    var settings = ExtraTreesSettings()
    (settings.trees, settings.candidates) = (wanted.trees, wanted.candidates)
    (settings.minimalSplit, settings.minimalLeaf) = (wanted.split, wanted.leaf)
    var scores = 0.0
    for seed in 0..<8 as Range<UInt64> {
      var trees = ExtraTrees(settings, inputs: size)
      trees.fit(seen, targets, using: RandomStream(seed: seed))
      scores += determination(trees.predict(unseen), truth.elements) / 8
    }
    #expect(abs(scores - wanted.score) < 0.02, "R² \(scores), scikit-learn \(wanted.score)")
  }

  private func determination(_ predicted: [Float], _ truth: [Float]) -> Double {
    let mean = truth.reduce(0) { $0 + Double($1) } / Double(truth.count)
    var (residual, total) = (0.0, 0.0)
    for (value, wanted) in zip(predicted, truth) {
      residual += Double(value - wanted) * Double(value - wanted)
      total += (Double(wanted) - mean) * (Double(wanted) - mean)
    }
    return 1 - residual / total
  }

  /// Grown to the end, trees repeat what they have seen; leaves keep their size; a fit is the same with any seed's
  /// repeat and after it was saved.
  @Test func treesKeepTheirRules() throws {
    let (x, y) = set("waves")
    let inputs = Matrix(rows: 300, columns: 3, x[..<300].flatMap { $0.map { Float($0) } })
    let targets = Vector(y[..<300].map { Float($0) })
    var settings = ExtraTreesSettings()
    (settings.trees, settings.minimalSplit, settings.minimalLeaf) = (7, 2, 1)
    var full = ExtraTrees(settings, inputs: 3)
    full.fit(inputs, targets, using: RandomStream(seed: 1))
    for (value, wanted) in zip(full.predict(inputs), targets.elements) { #expect(abs(value - wanted) < 1e-6) }
    #expect(full.nodeCount == 7 * (2 * 300 - 1))
    (settings.minimalSplit, settings.minimalLeaf) = (20, 10)
    var coarse = ExtraTrees(settings, inputs: 3)
    coarse.fit(inputs, targets, using: RandomStream(seed: 1))
    #expect(coarse.nodeCount <= 7 * (2 * 30 - 1) && coarse.nodeCount > 7 * 20)
    var restored = ExtraTrees(settings, inputs: 3)
    try OracleState(coarse).restore(into: &restored)
    #expect(restored.predict(inputs) == coarse.predict(inputs))
    let constant = Vector(Array(repeating: 2.5, count: 300))
    coarse.fit(inputs, constant, using: RandomStream(seed: 1))
    #expect(coarse.nodeCount == 7 && coarse.predict(inputs).allSatisfy { $0 == 2.5 })
  }

  // MARK: - Nearest neighbours

  /// On a grid with many equal distances, and on uniform points of other scales.
  @Test(arguments: [1, 3, 20]) func neighboursAreThoseOfBruteForce(_ count: Int) throws {
    var random = RandomStream(seed: 7)
    let grid = (0..<300).map { _ in (0..<2).map { _ in Float(random.index(below: 10)) } }
    let cloud = (0..<500).map { _ in [random.uniform(-1, 1), random.uniform(0, 100), random.uniform()] }
    for examples in [grid, cloud] {
      let size = examples[0].count
      var settings = NearestNeighboursSettings()
      (settings.count, settings.standardized) = (count, false)
      var neighbours = NearestNeighbours(settings, inputs: size)
      let targets = examples.indices.map { Float($0) }
      neighbours.fit(
        Matrix(rows: examples.count, columns: size, examples.flatMap { $0 }), Vector(targets),
        using: RandomStream(seed: 0))
      var restored = NearestNeighbours(settings, inputs: size)
      try OracleState(neighbours).restore(into: &restored)
      for _ in 0..<200 {
        let query = examples[random.index(below: examples.count)].map { $0 + (random.uniform() < 0.5 ? 0 : 0.3) }
        let distances = examples.map { point -> Float in
          var sum: Float = 0
          for (value, asked) in zip(point, query) { sum += (asked - value) * (asked - value) }
          return sum
        }
        let nearest = examples.indices.sorted { (distances[$0], $0) < (distances[$1], $1) }.prefix(count)
        #expect(neighbours.neighbours(of: query) == Array(nearest))
        #expect(restored.neighbours(of: query) == Array(nearest))
        let mean = nearest.reduce(0.0) { $0 + Double($1) } / Double(count)
        #expect(abs(Double(neighbours.predict(query)) - mean) < 1e-3)
      }
    }
  }

  /// In standard deviations an input of large numbers does not decide alone.
  @Test func distancesAreInStandardDeviations() {
    var neighbours = NearestNeighbours(NearestNeighboursSettings(), inputs: 2)
    let points: [Float] = [0, 0, 0, 1000, 1, 0, 1, 1000]
    neighbours.fit(Matrix(rows: 4, columns: 2, points), Vector([1, 2, 3, 4]), using: RandomStream(seed: 0))
    // 0.1 of an input's range is nearer than 0.3 of the other's
    #expect(neighbours.neighbours(of: [0.1, 300]).prefix(2) == [0, 1])
  }

  // MARK: - Linear regression

  /// Features find a function that they span.
  @Test func featuresFindWhatTheySpan() {
    var random = RandomStream(seed: 2)
    let x = (0..<200).map { _ in [random.uniform(-2, 3), random.uniform(0, 1)] }
    func check(_ features: LinearRegressorSettings.Features, _ order: Int, count: Int, _ f: ([Float]) -> Float) {
      var settings = LinearRegressorSettings()
      (settings.features, settings.order) = (features, order)
      var linear = LinearRegressor(settings, inputs: 2)
      #expect(linear.featureCount == count && settings.featureCount(inputs: 2) == count)
      linear.fit(
        Matrix(rows: 200, columns: 2, x.flatMap { $0 }), Vector(x.map(f)), using: RandomStream(seed: 0))
      for point in x { #expect(abs(linear.predict(point) - f(point)) < 1e-3, "\(features)") }
    }
    check(.identity, 9, count: 3) { point -> Float in
      let slope: Float = -3 * point[0]
      return 2 + slope + point[1]
    }
    check(.polynomial, 3, count: 10) { point -> Float in
      let cubic: Float = point[0] * point[0] * point[1]
      let other: Float = point[1] * point[1] * point[1]
      return 1 + cubic - 2 * other
    }
    let (low, high) = (x.map { $0[0] }.min() ?? 0, x.map { $0[0] }.max() ?? 1)
    check(.fourier, 2, count: 9) { point -> Float in
      let angle: Float = 2 * Float.pi * (point[0] - low) / (high - low)
      return 1 + 2 * cos(angle)
    }
  }
}
