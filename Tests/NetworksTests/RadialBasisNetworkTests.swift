import Kernels
import Networks
import TestSupport
import Testing

@Suite struct RadialBasisNetworkTests {
  /// Σ g y in double precision, written from the formula.
  private static func naive(
    _ network: RadialBasisNetwork, _ parameters: [Double], _ x: [Double], kept: [Float], _ g: [Float]
  ) -> Double {
    let (d, b, a) = (network.inputs, network.bases, network.outputs)
    var total = 0.0
    for row in 0..<x.count / d {
      for basis in 0..<b {
        var distance = 0.0
        for i in 0..<d {
          let gap = (x[row * d + i] - parameters[i * b + basis]) / exponential(parameters[d * b + i])
          distance += gap * gap
        }
        let value = Double(kept[row * b + basis]) * exponential(-0.5 * distance)
        for output in 0..<a {
          total += Double(g[row * a + output]) * value * parameters[d * b + d + output * b + basis]
        }
      }
    }
    return total
  }

  private static func exponential(_ x: Double) -> Double {
    var values = [x]
    DoubleBlocks.exponentials(&values, count: 1)
    return values[0]
  }

  @Test func gradientsAreThoseOfFiniteDifferences() {
    let network = RadialBasisNetwork(inputs: 3, bases: 11, outputs: 2)
    let rows = 5
    var random = RandomStream(seed: 1)
    let parameters = (0..<network.layout.count).map { _ in 0.5 * random.normal() }
    let x = (0..<rows * 3).map { _ in random.normal() }
    let kept = (0..<rows * 11).map { _ in random.uniform(0, 1) < 0.3 ? Float(0) : 1.4 }
    let g = (0..<rows * 2).map { _ in random.normal() }
    var basis = [Float](repeating: 0, count: rows * 11)
    var (y, gradient) = ([Float](repeating: 0, count: rows * 2), [Float](repeating: 0, count: parameters.count))
    var inputs = [Float](repeating: 0, count: x.count)
    network.forward(parameters, x, rows: rows, kept: kept, basis: &basis, outputs: &y)
    network.backward(
      parameters, x, rows: rows, basis: basis, outputGradient: g, parameterGradient: &gradient, inputGradient: &inputs,
      RadialBasisNetwork.Workspace(network, capacity: rows))
    let (p, z) = (parameters.map { Double($0) }, x.map { Double($0) })
    let value = zip(y, g).reduce(0) { $0 + Double($1.0 * $1.1) }
    #expect(abs(value - Self.naive(network, p, z, kept: kept, g)) < 1e-4)
    let byParameters = gradientError(of: gradient, at: p) { Self.naive(network, $0, z, kept: kept, g) }
    let byInputs = gradientError(of: inputs, at: z) { Self.naive(network, p, $0, kept: kept, g) }
    #expect(byParameters.worst < 1e-3, "\(byParameters)")
    #expect(byInputs.worst < 1e-3, "\(byInputs)")
  }
}
