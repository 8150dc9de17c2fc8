import Foundation
import Kernels
import Networks
import TestSupport
import Testing

@Suite struct GaussianHeadTests {
  private let size = 3

  private func drawn(_ count: Int, _ label: String, scale: Float = 1) -> [Float] {
    var stream = RandomStream(seed: 21).child(label)
    return (0..<count).map { _ in scale * stream.normal() }
  }

  private func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

  private func logVariance(_ raw: Double, _ maximum: Double, _ minimum: Double) -> Double {
    minimum + softplus(maximum - softplus(maximum - raw) - minimum)
  }

  /// Sum of the losses at outputs, maxima and minima, one after the other.
  private func loss(_ point: [Double], targets: [Float], rows: Int) -> Double {
    let (maxima, minima) = (point[(rows * 2 * size)...], point[(rows * 2 * size + size)...])
    return (0..<rows * size).reduce(0) { sum, index in
      let (r, c) = (index / size, index % size)
      let mean = point[r * 2 * size + c]
      let l = logVariance(
        point[r * 2 * size + size + c], maxima[maxima.startIndex + c], minima[minima.startIndex + c])
      let error = mean - Double(targets[index])
      return sum + error * error * exp(-l) + l
    }
  }

  @Test(arguments: [1, 5, 31, 32, 33, 300]) func lossAndGradientsMatchTheFormula(_ rows: Int) {
    var outputs = drawn(rows * 2 * size, "outputs", scale: 2)
    let targets = drawn(rows * size, "targets", scale: 2)
    let (maximum, minimum): ([Float], [Float]) = ([0.5, 1, 2], [-3, -2, -5])
    let point = doubles(outputs + maximum + minimum)
    let scale: Float = 0.3
    let start: [Float] = [7, 8, 9]
    var (maximumGradient, minimumGradient) = (start, start)
    let found = GaussianHead.lossAndGradient(
      &outputs, targets: targets, rows: rows, size: size, maximum: maximum, minimum: minimum, scale: scale,
      maximumGradient: &maximumGradient, minimumGradient: &minimumGradient)
    let expected = loss(point, targets: targets, rows: rows)
    #expect(abs(Double(found.loss) - expected) < 1e-5 * abs(expected))
    let squared = (0..<rows * size).reduce(0.0) { sum, index in
      let gap = point[index / size * 2 * size + index % size] - Double(targets[index])
      return sum + gap * gap
    }
    #expect(abs(Double(found.squaredError) - squared) < 1e-5 * squared)
    let gradient =
      outputs + zip(maximumGradient, start).map { $0 - $1 } + zip(minimumGradient, start).map { $0 - $1 }
    let error = gradientError(of: gradient, at: point) { Double(scale) * loss($0, targets: targets, rows: rows) }
    #expect(error.worst < 2e-3, "\(error)")
  }

  @Test func standardDeviationsAreBounded() {
    let raw: [Float] = [-1e4, -100, -3, 0, 0.4, 3, 100, 1e4]
    let (maximum, minimum): (Float, Float) = (0.5, -10)
    var outputs = raw.flatMap { [Float(12), $0] }
    GaussianHead.standardDeviations(&outputs, rows: raw.count, size: 1, maximum: [maximum], minimum: [minimum])
    for (index, value) in raw.enumerated() {
      let expected = exp(0.5 * logVariance(Double(value), Double(maximum), Double(minimum)))
      #expect(abs(Double(outputs[2 * index + 1]) - expected) < 2e-6 * expected)
      #expect(outputs[2 * index] == 12)
    }
    #expect(abs(outputs[1] - exp(-5)) < 1e-6)
    #expect(abs(outputs[2 * raw.count - 1] - exp(0.25)) < 1e-4)
  }

  @Test func passesAllocateNothing() {
    let rows = 300
    let (maximum, minimum): ([Float], [Float]) = ([0.5, 1, 2], [-3, -2, -5])
    let targets = drawn(rows * size, "targets")
    var outputs = drawn(rows * 2 * size, "outputs")
    var (maximumGradient, minimumGradient): ([Float], [Float]) = ([0, 0, 0], [0, 0, 0])
    let count = allocations {
      GaussianHead.standardDeviations(&outputs, rows: rows, size: size, maximum: maximum, minimum: minimum)
      _ = GaussianHead.lossAndGradient(
        &outputs, targets: targets, rows: rows, size: size, maximum: maximum, minimum: minimum, scale: 1,
        maximumGradient: &maximumGradient, minimumGradient: &minimumGradient)
    }
    #expect(count == 0)
  }

  @Test func notANumberIsNotHidden() {
    var outputs: [Float] = [0, .nan]
    var (maximumGradient, minimumGradient): ([Float], [Float]) = ([0], [0])
    let found = GaussianHead.lossAndGradient(
      &outputs, targets: [1], rows: 1, size: 1, maximum: [0.5], minimum: [-10], scale: 1,
      maximumGradient: &maximumGradient, minimumGradient: &minimumGradient)
    #expect(found.loss.isNaN && outputs[1].isNaN && found.squaredError == 1)
  }

  @Test(arguments: [1, 33]) func gradientsOfDeviationsMatchTheFormula(_ rows: Int) {
    let raw = drawn(rows * 2 * size, "outputs", scale: 2)
    let weights = drawn(rows * 2 * size, "weights")
    let (maximum, minimum): ([Float], [Float]) = ([0.5, 1, 2], [-3, -2, -5])
    var (outputs, gradient) = (raw, weights)
    GaussianHead.standardDeviations(&outputs, rows: rows, size: size, maximum: maximum, minimum: minimum)
    GaussianHead.standardDeviationsBackward(
      outputs, rows: rows, size: size, maximum: maximum, minimum: minimum, gradient: &gradient)
    let error = gradientError(of: gradient, at: doubles(raw)) { point in
      point.indices.reduce(0) { sum, index in
        let c = index % size
        guard index % (2 * size) >= size else { return sum + Double(weights[index]) * point[index] }
        let l = logVariance(point[index], Double(maximum[c]), Double(minimum[c]))
        return sum + Double(weights[index]) * exp(l / 2)
      }
    }
    #expect(error.worst < 1e-3, "\(error)")
  }
}
