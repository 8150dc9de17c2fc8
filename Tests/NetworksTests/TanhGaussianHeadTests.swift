import Foundation
import Kernels
import Networks
import TestSupport
import Testing

@Suite struct TanhGaussianHeadTests {
  private let halfLogTwoPi = 0.5 * log(2 * Double.pi)

  private func drawn(_ count: Int, _ label: String, scale: Float = 1) -> [Float] {
    var stream = RandomStream(seed: 22).child(label)
    return (0..<count).map { _ in scale * stream.normal() }
  }

  /// log(1 - tanh(u)^2), without cancellation.
  private func logSlope(_ u: Double) -> Double { 2 * (log(2) - abs(u) - log1p(exp(-2 * abs(u)))) }

  /// Actions and log-probabilities of all rows in double precision.
  private func naive(_ outputs: [Double], _ noise: [Float], rows: Int, size: Int) -> (actions: [Double], logs: [Double])
  {
    var (actions, logs): ([Double], [Double]) = ([], [])
    for r in 0..<rows {
      var sum = 0.0
      for c in 0..<size {
        let e = Double(noise[r * size + c])
        let logStd = min(max(outputs[r * 2 * size + size + c], -20), 2)
        let u = outputs[r * 2 * size + c] + exp(logStd) * e
        actions.append(tanh(u))
        sum += -0.5 * e * e - logStd - halfLogTwoPi - logSlope(u)
      }
      logs.append(sum)
    }
    return (actions, logs)
  }

  private func sample(_ outputs: [Float], _ noise: [Float], rows: Int, size: Int) -> (actions: [Float], logs: [Float]) {
    var actions = [Float](repeating: .nan, count: rows * size)
    var logs = [Float](repeating: .nan, count: rows)
    TanhGaussianHead.sample(outputs, noise: noise, rows: rows, size: size, actions: &actions, logProbabilities: &logs)
    return (actions, logs)
  }

  @Test(arguments: [1, 2, 5]) func logProbabilitiesAreThoseOfTheDensity(_ size: Int) {
    let rows = 40
    let (outputs, noise) = (drawn(rows * 2 * size, "outputs", scale: 0.8), drawn(rows * size, "noise"))
    let found = sample(outputs, noise, rows: rows, size: size)
    for r in 0..<rows {
      // change of variables: the normal density of u over the slope 1 - tanh(u)^2, in its plain form
      var expected = 0.0
      for c in 0..<size {
        let (mean, std) = (Double(outputs[r * 2 * size + c]), exp(Double(outputs[r * 2 * size + size + c])))
        let u = mean + std * Double(noise[r * size + c])
        guard abs(u) < 5 else {
          expected = .nan
          break
        }
        expected += -0.5 * pow((u - mean) / std, 2) - log(std) - halfLogTwoPi - log(1 - tanh(u) * tanh(u))
        #expect(abs(Double(found.actions[r * size + c]) - tanh(u)) < 1e-6)
      }
      if !expected.isNaN { #expect(abs(Double(found.logs[r]) - expected) < 1e-5 * Double(size) * 5) }
    }
  }

  @Test(arguments: [Float(-30), 30, -300, 300, -1e6, 1e6]) func farOutLogProbabilitiesAreFinite(_ mean: Float) {
    let found = sample([mean, -1], [0.5], rows: 1, size: 1)
    let expected = naive([Double(mean), -1], [0.5], rows: 1, size: 1)
    #expect(found.logs[0].isFinite && abs(found.actions[0]) == 1)
    #expect(abs(Double(found.logs[0]) - expected.logs[0]) < 1e-6 * abs(expected.logs[0]))
  }

  /// Rows with log deviations below, inside and above the clamp, and actions in saturation.
  @Test(arguments: [Float(0), 0.2, -1]) func gradientsMatchFiniteDifferences(_ weight: Float) {
    let (rows, size) = (6, 2)
    var outputs = drawn(rows * 2 * size, "outputs", scale: 0.7)
    outputs[2] = -25
    outputs[2 * size + 3] = 5
    outputs[4 * size] = 30
    let (noise, actionGradient) = (drawn(rows * size, "noise"), drawn(rows * size, "gradient"))
    let found = sample(outputs, noise, rows: rows, size: size)
    var gradient = [Float](repeating: .nan, count: outputs.count)
    TanhGaussianHead.backward(
      outputs, noise: noise, actions: found.actions, actionGradient: actionGradient,
      logProbabilityGradients: Array(repeating: weight, count: rows), rows: rows, size: size, gradient: &gradient)
    let error = gradientError(of: gradient, at: doubles(outputs)) { point in
      let values = naive(point, noise, rows: rows, size: size)
      return dot(doubles(actionGradient), values.actions) + Double(weight) * values.logs.reduce(0, +)
    }
    #expect(error.worst < 1e-3, "\(error)")
    #expect(gradient[2] == 0 && gradient[2 * size + 3] == 0)
  }

  @Test func modeIsTheSquashedMean() {
    var actions = [Float](repeating: .nan, count: 4)
    TanhGaussianHead.mode([0.3, -40, 9, 9, -0.1, 2, 9, 9], rows: 2, size: 2, actions: &actions)
    #expect(zip(actions, [0.3, -40, -0.1, 2].map { tanh($0) }).allSatisfy { abs(Double($0) - $1) < 1e-6 })
  }

  @Test func clampOfTheDeviation() {
    // beyond the range the deviation is that of the range's end
    for (raw, end) in [(Float(-50), Float(-20)), (7, 2)] {
      let (beyond, at) = (sample([0, raw], [0.7], rows: 1, size: 1), sample([0, end], [0.7], rows: 1, size: 1))
      #expect(beyond.actions == at.actions && beyond.logs == at.logs)
    }
    #expect(sample([0, .nan], [0.7], rows: 1, size: 1).logs[0].isNaN)
  }

  @Test func densityIntegratesToOne() {
    // the probability of (-1, 1) by the midpoint rule in a, with the noise that leads to each action
    let (mean, logStd) = (Float(0.4), Float(-0.3))
    let steps = 4_000
    let noise = (0..<steps).map { step -> Float in
      let a = -1 + (Double(step) + 0.5) * 2 / Double(steps)
      return Float((atanh(a) - Double(mean)) / exp(Double(logStd)))
    }
    let found = sample((0..<steps).flatMap { _ in [mean, logStd] }, noise, rows: steps, size: 1)
    let total = found.logs.reduce(0.0) { $0 + exp(Double($1)) * 2 / Double(steps) }
    #expect(abs(total - 1) < 1e-4)
  }

  /// Of its own actions, a distribution's log-probabilities are those that sampling gives.
  @Test func comparedWithItselfADistributionIsAsSampled() {
    let (rows, size) = (30, 3)
    let (outputs, noise) = (drawn(rows * 2 * size, "outputs", scale: 0.8), drawn(rows * size, "noise"))
    var found = [Float](repeating: .nan, count: rows)
    TanhGaussianHead.compare(
      outputs, noise: noise, with: outputs, rows: rows, size: size, logProbabilities: &found, slopes: nil)
    let expected = sample(outputs, noise, rows: rows, size: size).logs
    #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-4 })
  }

  /// The gradient of a sum of log-probabilities under another distribution, by the rows that the actions come from.
  @Test func theGradientUnderAnotherDistributionIsThatOfFiniteDifferences() {
    let (rows, size) = (12, 2)
    let outputs = drawn(rows * 2 * size, "outputs", scale: 0.7)
    let (other, noise) = (drawn(rows * 2 * size, "other", scale: 0.7), drawn(rows * size, "noise"))
    var (logs, slopes) = ([Float](repeating: .nan, count: rows), [Float](repeating: .nan, count: rows * size))
    TanhGaussianHead.compare(
      outputs, noise: noise, with: other, rows: rows, size: size, logProbabilities: &logs, slopes: &slopes)
    var gradient = [Float](repeating: 0.5, count: rows * 2 * size)
    TanhGaussianHead.addBackward(
      outputs, noise: noise, slopes: slopes, scale: 2, rows: rows, size: size, gradient: &gradient)
    func total(_ outputs: [Double]) -> Double {
      var sum = 0.0
      for r in 0..<rows {
        for c in 0..<size {
          let place = r * 2 * size + c
          let u = outputs[place] + exp(outputs[place + size]) * Double(noise[r * size + c])
          let z = (u - Double(other[place])) / exp(Double(other[place + size]))
          sum += -0.5 * z * z - Double(other[place + size]) - halfLogTwoPi - logSlope(u)
        }
      }
      return sum
    }
    #expect(abs(Double(logs.reduce(0, +)) - total(outputs.map(Double.init))) < 1e-3)
    let error = gradientError(of: gradient.map { ($0 - 0.5) / 2 }, at: outputs.map(Double.init), total)
    #expect(error.worst < 1e-3, "\(error)")
  }
}
