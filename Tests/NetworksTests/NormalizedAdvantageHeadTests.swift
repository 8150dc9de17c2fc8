import Foundation
import Kernels
import Networks
import TestSupport
import Testing

@Suite struct NormalizedAdvantageHeadTests {
  /// Sum over rows of slope * Q in double precision.
  private static func weightedValue(
    _ outputs: [Double], _ actions: [Double], _ slopes: [Double], size: Int
  ) -> Double {
    let width = 1 + size + size * (size + 1) / 2
    return slopes.enumerated().reduce(0) { total, row in
      let values = Array(outputs[row.offset * width..<(row.offset + 1) * width])
      let action = actions[row.offset * size..<(row.offset + 1) * size]
      let distance = zip(action, values[1...size]).map { $0 - tanh($1) }
      var (projected, place) = ([Double](repeating: 0, count: size), 1 + size)
      for i in 0..<size {
        for j in 0...i {
          projected[j] += (i == j ? exp(values[place]) : values[place]) * distance[i]
          place += 1
        }
      }
      return total + row.element * (values[0] - projected.reduce(0) { $0 + $1 * $1 } / 2)
    }
  }

  @Test(arguments: [1, 2, 5]) func valuesAndGradientsAreThoseOfTheForm(_ size: Int) {
    let (rows, width) = (4, NormalizedAdvantageHead.outputs(for: size))
    var random = RandomStream(seed: UInt64(size))
    var outputs = (0..<rows * width).map { _ in random.normal() }
    let actions = (0..<rows * size).map { _ in random.uniform(-1, 1) }
    let slopes = (0..<rows).map { _ in random.normal() }
    let (point, at, scale) = (outputs.map(Double.init), actions.map(Double.init), slopes.map(Double.init))
    var (values, byAction) = ([Float](repeating: 0, count: rows), [Float](repeating: 0, count: rows * size))
    NormalizedAdvantageHead.evaluate(
      outputs, actions: actions, stride: size, rows: rows, size: size, values: &values, actionGradients: &byAction)
    for row in 0..<rows {
      var alone = [Double](repeating: 0, count: rows)
      alone[row] = 1
      let expected = Self.weightedValue(point, at, alone, size: size)
      #expect(abs(Double(values[row]) - expected) < 1e-4 * max(1, abs(expected)))
    }
    let ones = [Double](repeating: 1, count: rows)
    let actionError = gradientError(of: byAction, at: at) { Self.weightedValue(point, $0, ones, size: size) }
    #expect(actionError.worst < 1e-3, "by action: \(actionError)")
    NormalizedAdvantageHead.backward(
      &outputs, actions: actions, stride: size, rows: rows, size: size, slopes: slopes)
    let error = gradientError(of: outputs, at: point) { Self.weightedValue($0, at, scale, size: size) }
    #expect(error.worst < 1e-3, "by outputs: \(error)")
  }

  /// L' x = noise.
  @Test(arguments: [1, 2, 5]) func shapingSolvesTheTriangularSystem(_ size: Int) {
    var random = RandomStream(seed: 3)
    let outputs = (0..<NormalizedAdvantageHead.outputs(for: size)).map { _ in 0.5 * random.normal() }
    let noise = (0..<size).map { _ in random.normal() }
    var x = noise
    NormalizedAdvantageHead.shape(&x, by: outputs, rows: 1, size: size)
    var (product, place) = ([Double](repeating: 0, count: size), 1 + size)
    for i in 0..<size {
      for j in 0...i {
        product[j] += (i == j ? exp(Double(outputs[place])) : Double(outputs[place])) * Double(x[i])
        place += 1
      }
    }
    #expect(zip(product, noise).allSatisfy { abs($0 - Double($1)) < 1e-4 }, "\(product), not \(noise)")
  }
}
