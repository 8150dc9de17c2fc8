import Kernels
import Networks
import TestSupport
import Testing

@Suite struct PerceptronTests {
  private func outputs(_ test: PerceptronCase, keepsActivations: Bool, capacity: Int? = nil) -> [Float] {
    let workspace = PerceptronWorkspace(
      for: test.network, capacity: capacity ?? test.rows, keepsActivations: keepsActivations)
    return withExtendedLifetime(workspace) {
      let output = test.network.forward(test.parameters, test.inputs, rows: test.rows, workspace)
      return Array(UnsafeBufferPointer(start: output, count: test.rows * test.network.outputs))
    }
  }

  @Test(arguments: PerceptronCase.all) func forwardMatchesPlainLoops(_ test: PerceptronCase) {
    let expected = NaivePerceptron(network: test.network)(doubles(test.parameters), doubles(test.inputs))
    let error = relativeError(of: outputs(test, keepsActivations: true), from: expected)
    #expect(error.worst < 1e-4, "\(error)")
  }

  @Test(arguments: PerceptronCase.all) func allWorkspacesGiveEqualOutputs(_ test: PerceptronCase) {
    let kept = outputs(test, keepsActivations: true)
    #expect(outputs(test, keepsActivations: false) == kept)
    #expect(outputs(test, keepsActivations: true, capacity: 50) == kept)
    #expect(outputs(test, keepsActivations: false, capacity: 50) == kept)
    let x = Matrix(rows: test.rows, columns: test.network.inputs, test.inputs)
    #expect(test.network(x, parameters: Vector(test.parameters)).elements == kept)
  }

  @Test func noRowsAreNoTrouble() {
    let network = Perceptron(inputs: 3, hidden: [4], outputs: 1, activation: .silu)
    let result = network(Matrix(rows: 0, columns: 3), parameters: Vector(count: network.layout.count))
    #expect(result.rows == 0 && result.columns == 1)
    let workspace = PerceptronWorkspace(for: network, capacity: 2, keepsActivations: true)
    let parameters = [Float](repeating: 1, count: network.layout.count)
    var gradient = [Float](repeating: .nan, count: network.layout.count)
    network.forward(parameters, [], rows: 0, workspace)
    network.backward(parameters, [], rows: 0, outputGradient: [], workspace, parameterGradient: &gradient)
    #expect(gradient.allSatisfy { $0 == 0 })
  }

  @Test(arguments: Activation.allCases) func notANumberReachesTheOutputs(_ activation: Activation) {
    let network = Perceptron(inputs: 2, hidden: [5, 5], outputs: 3, activation: activation)
    var stream = RandomStream(seed: 1)
    let parameters = network.initialParameters(.he, using: &stream)
    let result = network(Matrix(rows: 2, columns: 2, [1, .nan, 1, 1]), parameters: parameters)
    #expect(result.row(0).allSatisfy { $0.isNaN })
    #expect(result.row(1).allSatisfy { $0.isFinite })
  }

  @Test func shapesAndCost() {
    let network = Perceptron(inputs: 3, hidden: [4, 5], outputs: 2, activation: .tanh, layerNormalization: true)
    #expect(network.flops == 2 * (3 * 4 + 4 * 5 + 5 * 2))
    #expect(
      network.layout.entries.map(\.name) == [
        "layers.0.weight", "layers.0.bias", "layers.0.gain", "layers.1.weight", "layers.1.bias", "layers.1.gain",
        "layers.2.weight", "layers.2.bias",
      ])
    #expect(network.layout.count == 3 * 4 + 4 + 4 + 4 * 5 + 5 + 5 + 5 * 2 + 2)
  }
}
