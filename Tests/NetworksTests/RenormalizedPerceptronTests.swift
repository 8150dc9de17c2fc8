import Kernels
import Networks
import Testing

@Suite struct RenormalizedPerceptronTests {
  private static let network = RenormalizedPerceptron(inputs: 3, hidden: [5, 4], outputs: 2)
  private static let widths = [3, 5, 4, 2]
  private static let rows = 9

  private static func drawn(_ count: Int, seed: UInt64, positive: Bool = false) -> [Float] {
    var random = RandomStream(seed: seed)
    return (0..<count).map { _ in positive ? 0.2 + abs(random.normal()) : 0.6 * random.normal() }
  }

  /// Statistics of means and variances.
  private static var statistics: [Float] {
    var result: [Float] = []
    for (index, width) in widths.dropLast().enumerated() {
      result += drawn(width, seed: UInt64(20 + index)) + drawn(width, seed: UInt64(30 + index), positive: true)
    }
    return result
  }

  /// Corrections r and d of each layer's features.
  private typealias Corrections = [[(r: Double, d: Double)]]

  /// The pass by plain loops, with corrections given or, if nil, worked out from the statistics.
  private static func naive(
    _ parameters: [Double], _ x: [[Double]], corrections: Corrections? = nil
  ) -> (outputs: [[Double]], corrections: Corrections) {
    var (rows, offset, place, used) = (x, 0, 0, Corrections())
    for layer in 0..<widths.count - 1 {
      let (inputs, outputs) = (widths[layer], widths[layer + 1])
      let gain = offset
      let (shift, weight) = (gain + inputs, gain + 2 * inputs)
      let bias = weight + inputs * outputs
      offset = bias + outputs
      used.append([])
      for c in 0..<inputs {
        let mean = rows.reduce(0) { $0 + $1[c] } / Double(rows.count)
        let variance = rows.reduce(0) { $0 + ($1[c] - mean) * ($1[c] - mean) } / Double(rows.count)
        let deviation = (variance + 1e-3).squareRoot()
        let running = (Double(statistics[place + inputs + c]) + 1e-3).squareRoot()
        let free = (
          r: min(max(deviation / running, 1.0 / 3), 3),
          d: min(max((mean - Double(statistics[place + c])) / running, -5), 5)
        )
        let (r, d) = corrections?[layer][c] ?? free
        used[layer].append((r, d))
        for i in rows.indices {
          rows[i][c] = parameters[gain + c] * ((rows[i][c] - mean) / deviation * r + d) + parameters[shift + c]
        }
      }
      place += 2 * inputs
      rows = rows.map { row in
        (0..<outputs).map { o in
          let z = (0..<inputs).reduce(parameters[bias + o]) { $0 + row[$1] * parameters[weight + $1 * outputs + o] }
          return layer == widths.count - 2 ? z : max(z, 0)
        }
      }
    }
    return (rows, used)
  }

  /// Outputs are the naive ones; gradients are central differences with r and d held where they are.
  @Test(arguments: [false, true]) func passesAreTheNaiveOnes(_ renormalizes: Bool) {
    let network = Self.network
    let parameters = Vector(Self.drawn(network.layout.count, seed: 1))
    var statistics = Vector(Self.statistics)
    let x = Matrix(rows: Self.rows, columns: 3, Self.drawn(3 * Self.rows, seed: 2))
    let slopes = Matrix(rows: Self.rows, columns: 2, Self.drawn(2 * Self.rows, seed: 3))
    let workspace = RenormalizedPerceptron.Workspace(for: network, capacity: Self.rows)
    let output = network.forward(
      parameters.pointer, statistics.mutablePointer, x.pointer, rows: Self.rows, momentum: 0.9,
      renormalizes: renormalizes, workspace)

    let point = parameters.elements.map(Double.init)
    let inputs = (0..<Self.rows).map { x.row($0).map(Double.init) }
    let none = Self.widths.dropLast().map { [(r: Double, d: Double)](repeating: (1, 0), count: $0) }
    let (expected, corrections) = Self.naive(point, inputs, corrections: renormalizes ? nil : none)
    for r in 0..<Self.rows {
      for c in 0..<2 { #expect(abs(Double(output[2 * r + c]) - expected[r][c]) < 1e-5) }
    }
    // running averages of the first layer, whose inputs are known
    for c in 0..<3 {
      let mean = inputs.reduce(0) { $0 + $1[c] } / Double(Self.rows)
      #expect(abs(Double(statistics[c]) - (0.9 * Double(Self.statistics[c]) + 0.1 * mean)) < 1e-6)
    }

    var gradient = Vector(count: network.layout.count)
    network.backward(
      parameters.pointer, rows: Self.rows, outputGradient: slopes.pointer, workspace,
      parameterGradient: gradient.mutablePointer)
    func loss(_ parameters: [Double]) -> Double {
      let outputs = Self.naive(parameters, inputs, corrections: corrections).outputs
      return (0..<Self.rows).reduce(0) { sum, r in
        sum + (0..<2).reduce(0) { $0 + Double(slopes[r, $1]) * outputs[r][$1] }
      }
    }
    for index in point.indices {
      var (above, below) = (point, point)
      above[index] += 1e-6
      below[index] -= 1e-6
      let difference = (loss(above) - loss(below)) / 2e-6
      #expect(
        abs(Double(gradient[index]) - difference) < 1e-4 * max(1, abs(difference)),
        "parameter \(index): \(gradient[index]), not \(difference)")
    }
  }

  /// A batch whose own statistics are the running ones passes through the folded network alike.
  @Test func foldedNetworksUseTheRunningAverages() {
    let network = Self.network
    let parameters = Vector(Self.drawn(network.layout.count, seed: 1))
    var statistics = Vector(Self.statistics)
    let x = Matrix(rows: Self.rows, columns: 3, Self.drawn(3 * Self.rows, seed: 2))
    let workspace = RenormalizedPerceptron.Workspace(for: network, capacity: Self.rows)
    let output = network.forward(
      parameters.pointer, statistics.mutablePointer, x.pointer, rows: Self.rows, momentum: 0, renormalizes: false,
      workspace)
    var folded = Vector(count: network.folded.layout.count)
    network.fold(parameters.pointer, statistics.pointer, into: folded.mutablePointer)
    let plain = network.folded(x, parameters: folded)
    for r in 0..<Self.rows {
      for c in 0..<2 { #expect(abs(output[2 * r + c] - plain[r, c]) < 1e-4) }
    }
  }
}
