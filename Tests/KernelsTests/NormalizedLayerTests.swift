import Foundation
import Kernels
import Testing

/// Normalized layers and softmax against plain loops in double precision, with whole vectors of columns and parts of
/// one.
@Suite struct NormalizedLayerTests {
  private static let (rows, columns) = (3, 40)

  private static func draw(_ seed: UInt64, _ count: Int, scale: Float = 1) -> [Float] {
    var (random, vector) = (RandomStream(seed: seed), Vector(count: count))
    random.fillNormal(&vector)
    return vector.elements.map { scale * $0 }
  }

  private func reference(
    _ z: [Float], _ gain: [Float], _ shift: [Float], _ function: NormalizedLayer.Function
  ) -> [Double] {
    var result: [Double] = []
    for r in 0..<Self.rows {
      let row = z[r * Self.columns..<(r + 1) * Self.columns].map { Double($0) }
      let mean = row.reduce(0, +) / Double(row.count)
      let variance = row.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(row.count)
      let u = row.indices.map {
        Double(gain[$0]) * (row[$0] - mean) / (variance + 1e-5).squareRoot() + Double(shift[$0])
      }
      switch function {
      case .mish: result += u.map { $0 * tanh(log1p(exp($0))) }
      case .simplex(let size):
        for first in stride(from: 0, to: u.count, by: size) {
          let powers = u[first..<first + size].map { exp($0) }
          result += powers.map { $0 / powers.reduce(0, +) }
        }
      }
    }
    return result
  }

  @Test(arguments: [NormalizedLayer.Function.mish, .simplex(8), .simplex(5)])
  func passesAreTheDefinition(_ function: NormalizedLayer.Function) {
    let (rows, columns) = (Self.rows, Self.columns)
    let count = rows * columns
    let z = Self.draw(1, count, scale: 3)
    let (gain, shift) = (Self.draw(2, columns, scale: 12), Self.draw(3, columns, scale: 4))
    let expected = reference(z, gain, shift, function)
    func difference(_ found: Vector) -> Double {
      zip(found.elements, expected).map { abs(Double($0) - $1) / max(1, abs($1)) }.max() ?? 1
    }
    let (gains, shifts) = (Vector(gain), Vector(shift))
    var plain = Vector(z)
    NormalizedLayer.forward(
      plain.mutablePointer, gain: gains.pointer, shift: shifts.pointer, rows: rows, columns: columns, function,
      keeping: nil)
    #expect(difference(plain) < 2e-5, "\(difference(plain))")
    var (normalized, inverses, slopes) = (Vector(count: count), Vector(count: rows), Vector(count: count))
    let kept = NormalizedLayer.Kept(
      normalized: normalized.mutablePointer, inverses: inverses.mutablePointer, slopes: slopes.mutablePointer)
    var output = Vector(z)
    NormalizedLayer.forward(
      output.mutablePointer, gain: gains.pointer, shift: shifts.pointer, rows: rows, columns: columns, function,
      keeping: kept)
    #expect(difference(output) < 2e-5)
    // the gradient of a weighted sum of the outputs, against differences of the definition
    let weights = Self.draw(4, count)
    var (gradient, gainGradient, shiftGradient) = (Vector(weights), Vector(count: columns), Vector(count: columns))
    NormalizedLayer.backward(
      gradient.mutablePointer, output: output.pointer, gain: gains.pointer, rows: rows, columns: columns, function,
      kept: kept, gainGradient: gainGradient.mutablePointer, shiftGradient: shiftGradient.mutablePointer)
    func sum(_ z: [Float], _ gain: [Float], _ shift: [Float]) -> Double {
      zip(reference(z, gain, shift, function), weights).map { $0 * Double($1) }.reduce(0, +)
    }
    func slope(_ values: [Float], _ index: Int, _ sum: ([Float]) -> Double) -> Double {
      var (up, down) = (values, values)
      up[index] += 1e-2
      down[index] -= 1e-2
      return (sum(up) - sum(down)) / Double(up[index] - down[index])
    }
    for index in [0, 7, 39] {
      let byZ = slope(z, index + columns) { sum($0, gain, shift) }
      #expect(abs(Double(gradient[index + columns]) - byZ) < 2e-2 * max(1, abs(byZ)))
      let byGain = slope(gain, index) { sum(z, $0, shift) }
      #expect(abs(Double(gainGradient[index]) - byGain) < 2e-2 * max(1, abs(byGain)))
      let byShift = slope(shift, index) { sum(z, gain, $0) }
      #expect(abs(Double(shiftGradient[index]) - byShift) < 2e-2 * max(1, abs(byShift)))
    }
    withExtendedLifetime((normalized, inverses, slopes)) {}
  }

  @Test(arguments: [1, 5, 16, 37]) func softmaxIsTheDefinition(_ count: Int) {
    let x = Self.draw(6, count, scale: 20)
    let numbers = Vector(x)
    var e = Vector(count: count)
    let (sum, top) = Softmax.exponentials(numbers.pointer, count: count, into: e.mutablePointer)
    #expect(top == x.max())
    let expected = x.map { exp(Double($0) - Double(top)) }
    #expect(abs(Double(sum) - expected.reduce(0, +)) < 1e-5)
    #expect(zip(e.elements, expected).allSatisfy { abs(Double($0) - $1) < 1e-6 })
  }
}
