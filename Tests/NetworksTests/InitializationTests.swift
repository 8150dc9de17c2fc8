import Kernels
import Networks
import Testing

@Suite struct InitializationTests {
  private let network = Perceptron(
    inputs: 50, hidden: [120, 80], outputs: 6, activation: .relu, layerNormalization: true)

  private func weights(_ initialization: Initialization, seed: UInt64 = 1) -> [[Float]] {
    var stream = RandomStream(seed: seed)
    let parameters = network.initialParameters(initialization, using: &stream).elements
    return network.layers.map { Array(parameters[$0.weight..<$0.weight + $0.inputs * $0.outputs]) }
  }

  private func deviation(_ values: [Float]) -> Double {
    let mean = values.reduce(0.0) { $0 + Double($1) } / Double(values.count)
    return (values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(values.count)).squareRoot()
  }

  @Test(arguments: [Initialization.he, .truncatedNormal(scale: 1), .orthogonal(gain: 1, last: 0.01)])
  func biasesAreZeroAndGainsOne(_ initialization: Initialization) {
    var stream = RandomStream(seed: 2)
    let parameters = network.initialParameters(initialization, using: &stream)
    for layer in network.layers {
      #expect((0..<layer.outputs).allSatisfy { parameters[layer.bias + $0] == 0 })
      if let gain = layer.gain { #expect((0..<layer.outputs).allSatisfy { parameters[gain + $0] == 1 }) }
    }
  }

  @Test func heVarianceIsTwoOverFanIn() {
    for (layer, values) in zip(network.layers, weights(.he)) {
      let expected = (2 / Double(layer.inputs)).squareRoot()
      // the deviation of n draws has a relative error of 1 / sqrt(2 n)
      #expect(abs(deviation(values) / expected - 1) < 5 / (2 * Double(values.count)).squareRoot())
    }
  }

  @Test(arguments: [Float(1), 0.5]) func truncatedNormalHasItsBoundsAndDeviation(_ scale: Float) {
    for (layer, values) in zip(network.layers, weights(.truncatedNormal(scale: scale))) {
      let unit = scale / Float(layer.inputs).squareRoot()
      #expect(values.allSatisfy { abs($0) <= 2 * unit * 1.000_001 } && values.contains { abs($0) > 1.7 * unit })
      // a standard normal truncated at two has a deviation of 0.879 626
      #expect(abs(deviation(values) / (0.879_626 * Double(unit)) - 1) < 5 / (2 * Double(values.count)).squareRoot())
    }
  }

  @Test func orthogonalRowsOrColumns() {
    for (layer, values) in zip(network.layers, weights(.orthogonal(gain: 1.5, last: 0.01))) {
      let matrix = DoubleMatrix(rows: layer.inputs, columns: layer.outputs, values.map(Double.init))
      let product = layer.inputs >= layer.outputs ? matrix.transposed * matrix : matrix * matrix.transposed
      let square = layer.isLast ? 0.01 * 0.01 : 1.5 * 1.5
      for r in 0..<product.rows {
        for c in 0..<product.columns { #expect(abs(product[r, c] / square - (r == c ? 1 : 0)) < 1e-5) }
      }
    }
  }

  @Test func orthogonalSignsAreNotFixed() {
    // a QR without its sign correction gives the first component one sign
    let one = Perceptron(inputs: 1, hidden: [], outputs: 1, activation: .relu)
    let signs = (UInt64(0)..<100).map { seed -> Float in
      var stream = RandomStream(seed: seed)
      return one.initialParameters(.orthogonal(gain: 1, last: 1), using: &stream)[0]
    }
    #expect(Set(signs) == [1, -1])
  }

  @Test func seedsDecide() {
    #expect(weights(.he) == weights(.he) && weights(.he) != weights(.he, seed: 9))
  }

  @Test func membersAreIndependentOfOneAnother() {
    let random = RandomStream(seed: 12)
    let small = EnsemblePerceptron(network, members: 2, initialization: .truncatedNormal(scale: 0.5), using: random)
    let large = EnsemblePerceptron(network, members: 5, initialization: .truncatedNormal(scale: 0.5), using: random)
    let count = network.layout.count
    #expect(large.parameters.count == 5 * count && large.offset(of: 3) == 3 * count)
    #expect(small.parameters.elements[...] == large.parameters.elements[..<(2 * count)])
    var firsts: Set<Float> = []
    for member in 0..<5 {
      var stream = random.child(member)
      let alone = network.initialParameters(.truncatedNormal(scale: 0.5), using: &stream)
      #expect(alone.elements[...] == large.parameters.elements[member * count..<(member + 1) * count])
      firsts.insert(alone[0])
    }
    #expect(firsts.count == 5)
  }

  @Test func ensembleLayoutNamesEveryMember() {
    let ensemble = EnsemblePerceptron(network, members: 3, initialization: .he, using: RandomStream(seed: 1))
    let layout = ensemble.layout
    #expect(layout.count == ensemble.parameters.count && layout.entries.count == 3 * network.layout.entries.count)
    let entry = layout.entries.first { $0.name == "members.2.layers.1.bias" }
    #expect(entry?.offset == ensemble.offset(of: 2) + network.layers[1].bias && entry?.shape == [80])
  }
}
