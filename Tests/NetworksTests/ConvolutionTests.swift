import Kernels
import Networks
import TestSupport
import Testing

/// Convolutions against plain loops and finite differences.
@Suite struct ConvolutionTests {
  private func outputs(_ test: ConvolutionCase, rows: Range<Int>, capacity: Int, keeps: Bool) -> [Float] {
    let workspace = ConvolutionalWorkspace(for: test.network, capacity: capacity, keepsActivations: keeps)
    let size = test.network.inputs
    let images = Array(test.images[rows.lowerBound * size..<rows.upperBound * size])
    return withExtendedLifetime(workspace) {
      let output = test.network.forward(test.parameters, images, rows: rows.count, workspace)
      return Array(UnsafeBufferPointer(start: output, count: rows.count * test.network.outputs))
    }
  }

  @Test func casesAreMade() { #expect(ConvolutionCase.all.count == 4 * Activation.allCases.count) }

  @Test(arguments: ConvolutionCase.all) func forwardMatchesPlainLoops(_ test: ConvolutionCase) {
    let expected = NaiveConvolution(network: test.network)(doubles(test.parameters), doubles(test.images))
    let error = relativeError(of: outputs(test, rows: 0..<test.rows, capacity: 5, keeps: true), from: expected)
    #expect(error.worst < 1e-4, "\(error)")
  }

  /// To the bit, however many pass together and in whatever workspace, where the last layer has more than one output.
  @Test(arguments: ConvolutionCase.all.filter { $0.network.hasIndependentRows })
  func rowsAreIndependent(_ test: ConvolutionCase) {
    let together = outputs(test, rows: 0..<test.rows, capacity: test.rows, keeps: true)
    #expect(outputs(test, rows: 0..<test.rows, capacity: 9, keeps: false) == together)
    for row in 0..<test.rows {
      let alone = outputs(test, rows: row..<row + 1, capacity: 1, keeps: false)
      #expect(alone == Array(together[row * test.network.outputs..<(row + 1) * test.network.outputs]))
    }
  }

  @Test(arguments: ConvolutionCase.all) func gradientsMatchFiniteDifferences(_ test: ConvolutionCase) {
    let (network, naive) = (test.network, NaiveConvolution(network: test.network))
    let workspace = ConvolutionalWorkspace(for: network, capacity: test.rows + 1, keepsActivations: true)
    var found = [Float](repeating: .nan, count: network.layout.count)
    var pixels = [Float](repeating: .nan, count: test.images.count)
    network.forward(test.parameters, test.images, rows: test.rows, workspace)
    network.backward(
      test.parameters, test.images, rows: test.rows, outputGradient: test.outputGradient, workspace,
      parameterGradient: &found, inputGradient: &pixels)
    let (parameters, images, weights) = (doubles(test.parameters), doubles(test.images), doubles(test.outputGradient))
    let parameterError = gradientError(of: found, at: parameters) { dot(weights, naive($0, images)) }
    #expect(parameterError.worst < 1e-3, "parameters: \(parameterError)")
    let pixelError = gradientError(of: pixels, at: images) { dot(weights, naive(parameters, $0)) }
    #expect(pixelError.worst < 1e-3, "images: \(pixelError)")
    // the first layer's input gradient left out, as learners do
    var alone = [Float](repeating: .nan, count: network.layout.count)
    network.forward(test.parameters, test.images, rows: test.rows, workspace)
    network.backward(
      test.parameters, test.images, rows: test.rows, outputGradient: test.outputGradient, workspace,
      parameterGradient: &alone)
    #expect(alone == found)
  }

  /// A patch longer than the scratch is gathered in parts.
  @Test func partsOfImagesAddUp() throws {
    let front = try #require(
      ConvolutionalFront(
        [ConvolutionLayer(filters: 3, kernel: 30, stride: 1)], height: 40, width: 40, channels: 6, activation: .tanh))
    let network = ConvolutionalNetwork(
      front, Perceptron(inputs: front.outputs, hidden: [], outputs: 2, activation: .tanh))
    var stream = RandomStream(seed: 5)
    let parameters = network.initialParameters(.uniform, using: &stream)
    let x = Matrix(rows: 1, columns: network.inputs, (0..<network.inputs).map { _ in stream.normal() })
    let expected = NaiveConvolution(network: network)(doubles(parameters.elements), doubles(x.elements))
    #expect(relativeError(of: network(x, parameters: parameters).elements, from: expected).worst < 1e-4)
  }

  @Test func kernelsMustFit() {
    #expect(ConvolutionalFront(ConvolutionLayer.nature, height: 35, width: 84, channels: 4, activation: .relu) == nil)
    let front = ConvolutionalFront(ConvolutionLayer.nature, height: 84, width: 84, channels: 4, activation: .relu)
    #expect(front?.outputs == 3136 && front?.inputs == 28_224)
    let names = front.map {
      ConvolutionalNetwork($0, Perceptron(inputs: 3136, hidden: [], outputs: 2, activation: .relu))
    }
    #expect(names?.layout.entries.first?.name == "convolutions.0.weight")
    #expect(names?.layout.entries.last?.name == "layers.0.bias")
  }

  @Test(arguments: Activation.allCases) func passesAllocateNothing(_ activation: Activation) throws {
    let front = try #require(
      ConvolutionalFront(
        [ConvolutionLayer(filters: 8, kernel: 3, stride: 1)], height: 10, width: 10, channels: 4, activation: activation
      ))
    let network = ConvolutionalNetwork(
      front, Perceptron(inputs: front.outputs, hidden: [16], outputs: 3, activation: activation))
    var stream = RandomStream(seed: 5)
    let parameters = network.initialParameters(.he, using: &stream)
    let workspace = ConvolutionalWorkspace(for: network, capacity: 4, keepsActivations: true)
    let (x, slopes) = (Matrix(rows: 4, columns: network.inputs), Matrix(rows: 4, columns: 3))
    var gradient = Vector(count: parameters.count)
    let found = allocations {
      network.forward(parameters.pointer, x.pointer, rows: 4, workspace)
      network.backward(
        parameters.pointer, x.pointer, rows: 4, outputGradient: slopes.pointer, workspace,
        parameterGradient: gradient.mutablePointer)
    }
    #expect(found == 0)
  }
}
