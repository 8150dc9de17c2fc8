import Foundation
import Kernels
import Networks
import TestSupport
import Testing

@Suite struct CategoricalHeadTests {
  private func drawn(_ count: Int, _ label: String, scale: Float = 1) -> [Float] {
    var stream = RandomStream(seed: 23).child(label)
    return (0..<count).map { _ in scale * stream.normal() }
  }

  private func naive(_ logits: some Collection<Double>) -> [Double] {
    let highest = logits.max() ?? 0
    let shift = highest + log(logits.reduce(0) { $0 + exp($1 - highest) })
    return logits.map { $0 - shift }
  }

  private func logProbabilities(_ logits: [Float], classes: Int) -> [Float] {
    var result = [Float](repeating: .nan, count: logits.count)
    CategoricalHead.logProbabilities(logits, rows: logits.count / classes, classes: classes, into: &result)
    return result
  }

  @Test(arguments: [1, 2, 7, 40], [Float(1), 30]) func logProbabilitiesMatch(_ classes: Int, _ scale: Float) {
    let rows = 9
    var logits = drawn(rows * classes, "logits", scale: scale)
    let found = logProbabilities(logits, classes: classes)
    for r in 0..<rows {
      let expected = naive(doubles(Array(logits[r * classes..<(r + 1) * classes])))
      for c in 0..<classes {
        #expect(abs(Double(found[r * classes + c]) - expected[c]) < 1e-6 * (Double(scale) * 3 + abs(expected[c])))
      }
      let total = found[r * classes..<(r + 1) * classes].reduce(0.0) { $0 + exp(Double($1)) }
      #expect(abs(total - 1) < 2e-5)
    }
    logits.withUnsafeMutableBufferPointer {
      if let base = $0.baseAddress {
        CategoricalHead.logProbabilities(base, rows: rows, classes: classes, into: base)
      }
    }
    #expect(logits == found)
  }

  @Test func hugeLogitsNeitherOverflowNorVanish() {
    #expect(logProbabilities([1e4, 0, -1e4], classes: 3) == [0, -1e4, -2e4])
    #expect(logProbabilities([-1e30, -1e30], classes: 2).allSatisfy { $0 <= 0 && $0.isFinite })
    #expect(logProbabilities([0, .nan, 1], classes: 3).allSatisfy { $0.isNaN })
  }

  @Test func samplesFollowTheDistribution() {
    let probabilities: [Double] = [0.1, 0, 0.6, 0.25, 0.05]
    let row = probabilities.map { $0 == 0 ? Float(-200) : Float(log($0)) }
    let rows = 100_000
    var stream = RandomStream(seed: 24)
    var uniforms = Vector(count: rows)
    stream.fillUniform(&uniforms)
    var chosen = [Int32](repeating: -1, count: rows)
    let logs = Array(repeating: row, count: rows).flatMap { $0 }
    CategoricalHead.sample(logs, uniforms: uniforms.pointer, rows: rows, classes: 5, into: &chosen)
    for (index, probability) in probabilities.enumerated() {
      let share = Double(chosen.count { Int($0) == index }) / Double(rows)
      #expect(abs(share - probability) <= 5 * (probability * (1 - probability) / Double(rows)).squareRoot())
    }
  }

  @Test func samplesAtTheEndsOfTheUnitInterval() {
    let row: [Float] = [log(0.25), log(0.5), log(0.25)]
    var chosen = [Int32](repeating: -1, count: 4)
    CategoricalHead.sample(
      row + row + row + row, uniforms: [0, 0.26, 0.74, Float(1).nextDown], rows: 4, classes: 3, into: &chosen)
    #expect(chosen == [0, 1, 1, 2])
  }

  @Test func entropies() {
    let classes = 6
    let logits = drawn(4 * classes, "logits", scale: 2) + Array(repeating: 3, count: classes) + [500, 0, 0, 0, 0, 0]
    let logs = logProbabilities(logits, classes: classes)
    var found = [Float](repeating: .nan, count: 6)
    CategoricalHead.entropies(logs, rows: 6, classes: classes, into: &found)
    for r in 0..<6 {
      let expected = naive(doubles(Array(logits[r * classes..<(r + 1) * classes]))).reduce(0) { $0 - exp($1) * $1 }
      #expect(abs(Double(found[r]) - expected) < 2e-6)
    }
    #expect(abs(found[4] - log(6)) < 1e-6 && found[5] == 0)
  }

  @Test(arguments: [Float(0), 0.7]) func gradientsMatchFiniteDifferences(_ entropyWeight: Float) {
    let (rows, classes) = (5, 4)
    let (logits, weights) = (drawn(rows * classes, "logits", scale: 1.5), drawn(rows, "weights"))
    let chosen: [Int32] = [0, 3, 1, 1, 2]
    var gradient = [Float](repeating: .nan, count: logits.count)
    CategoricalHead.backward(
      logProbabilities(logits, classes: classes), chosen: chosen, weights: weights, entropyWeight: entropyWeight,
      rows: rows, classes: classes, gradient: &gradient)
    let error = gradientError(of: gradient, at: doubles(logits)) { point in
      (0..<rows).reduce(0) { sum, r in
        let logs = naive(point[r * classes..<(r + 1) * classes])
        let entropy = logs.reduce(0) { $0 - exp($1) * $1 }
        return sum + Double(weights[r]) * logs[Int(chosen[r])] + Double(entropyWeight) * entropy
      }
    }
    #expect(error.worst < 1e-3, "\(error)")
  }
}
