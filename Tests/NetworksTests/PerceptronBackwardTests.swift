import Kernels
import Networks
import TestSupport
import Testing

@Suite struct PerceptronBackwardTests {
  private struct Gradients {
    var parameters: [Float]
    var inputs: [Float]
  }

  /// Gradients of sum(outputGradient * outputs); parameter gradients start from `start` and are accumulated if it is given.
  private func gradients(_ test: PerceptronCase, start: [Float]? = nil) -> Gradients {
    let workspace = PerceptronWorkspace(for: test.network, capacity: test.rows + 3, keepsActivations: true)
    let (parameters, inputs) = (test.parameters, test.inputs)
    var result = Gradients(
      parameters: start ?? Array(repeating: .nan, count: parameters.count),
      inputs: Array(repeating: .nan, count: inputs.count))
    test.network.forward(parameters, inputs, rows: test.rows, workspace)
    test.network.backward(
      parameters, inputs, rows: test.rows, outputGradient: test.outputGradient, workspace,
      parameterGradient: &result.parameters, accumulate: start != nil, inputGradient: &result.inputs)
    return result
  }

  @Test(arguments: PerceptronCase.all) func gradientsMatchFiniteDifferences(_ test: PerceptronCase) {
    let naive = NaivePerceptron(network: test.network)
    let (parameters, inputs) = (doubles(test.parameters), doubles(test.inputs))
    let weights = doubles(test.outputGradient)
    let found = gradients(test)
    let parameterError = gradientError(of: found.parameters, at: parameters) { dot(weights, naive($0, inputs)) }
    #expect(parameterError.worst < 1e-3, "parameters: \(parameterError)")
    let inputError = gradientError(of: found.inputs, at: inputs) { dot(weights, naive(parameters, $0)) }
    #expect(inputError.worst < 1e-3, "inputs: \(inputError)")
  }

  @Test(arguments: PerceptronCase.all) func accumulationAddsToWhatIsThere(_ test: PerceptronCase) {
    let start = test.drawn(test.network.layout.count, "start", scale: 5)
    let (once, added) = (gradients(test), gradients(test, start: start))
    let expected = zip(once.parameters, start).map { Double($0) + Double($1) }
    #expect(relativeError(of: added.parameters, from: expected).worst < 1e-4)
    #expect(added.inputs == once.inputs)
  }

  @Test(arguments: PerceptronCase.all) func eitherGradientCanBeLeftOut(_ test: PerceptronCase) {
    let both = gradients(test)
    let workspace = PerceptronWorkspace(for: test.network, capacity: test.rows, keepsActivations: true)
    let (parameters, inputs) = (test.parameters, test.inputs)
    var alone = Gradients(
      parameters: Array(repeating: .nan, count: parameters.count), inputs: Array(repeating: .nan, count: inputs.count))
    test.network.forward(parameters, inputs, rows: test.rows, workspace)
    test.network.backward(
      parameters, inputs, rows: test.rows, outputGradient: test.outputGradient, workspace, parameterGradient: nil,
      inputGradient: &alone.inputs)
    test.network.forward(parameters, inputs, rows: test.rows, workspace)
    test.network.backward(
      parameters, inputs, rows: test.rows, outputGradient: test.outputGradient, workspace,
      parameterGradient: &alone.parameters)
    #expect(alone.parameters == both.parameters && alone.inputs == both.inputs)
  }

  /// Of no row, all rows, every third and the last alone.
  @Test(arguments: PerceptronCase.all) func aPassOfSomeRowsGivesTheirGradients(_ test: PerceptronCase) {
    let all = gradients(test).inputs
    let rows = (0..<Int32(test.rows))
    let (network, x, outputGradient) = (test.network, test.inputs, test.outputGradient)
    for kept in [[], Array(rows), rows.filter { $0 % 3 == 1 }, rows.suffix(1)] {
      let workspace = PerceptronWorkspace(for: network, capacity: test.rows + 3, keepsActivations: true)
      network.forward(test.parameters, x, rows: test.rows, workspace)
      kept.withUnsafeBufferPointer { network.keep($0, of: workspace) }
      func parts(_ values: [Float], _ width: Int) -> [Float] {
        kept.flatMap { values[Int($0) * width..<(Int($0) + 1) * width] }
      }
      var found = [Float](repeating: .nan, count: kept.count * network.inputs)
      network.backward(
        test.parameters, x, rows: kept.count, outputGradient: parts(outputGradient, network.outputs), workspace,
        parameterGradient: nil, inputGradient: &found)
      let error = relativeError(of: found, from: doubles(parts(all, network.inputs)))
      #expect(found.count == 0 || error.worst < 1e-5, "rows \(kept): \(error)")
    }
  }

  /// Which tangents are given: of the parameters, of the inputs, of both.
  @Test(arguments: PerceptronCase.all, [(true, true), (true, false), (false, true)])
  func pushforwardMatchesFiniteDifferencesAndTheBackwardPass(_ test: PerceptronCase, _ given: (Bool, Bool)) {
    let (parameters, inputs) = (test.parameters, test.inputs)
    let parameterTangent = test.drawn(parameters.count, "parameter tangent")
    let inputTangent = test.drawn(inputs.count, "input tangent")
    let workspace = PerceptronWorkspace(for: test.network, capacity: test.rows + 1, keepsActivations: true)
    test.network.forward(parameters, inputs, rows: test.rows, workspace)
    let tangent: [Float] = parameterTangent.withUnsafeBufferPointer { parameter in
      inputTangent.withUnsafeBufferPointer { input in
        let result = test.network.pushforward(
          parameters, inputs, rows: test.rows, workspace, parameterTangent: given.0 ? parameter.baseAddress : nil,
          inputTangent: given.1 ? input.baseAddress : nil)
        return Array(UnsafeBufferPointer(start: result, count: test.rows * test.network.outputs))
      }
    }
    let direction =
      parameterTangent.map { given.0 ? Double($0) : 0 } + inputTangent.map { given.1 ? Double($0) : 0 }
    let naive = NaivePerceptron(network: test.network)
    let numeric = directionalDerivative(at: doubles(parameters + inputs), along: direction) {
      naive(Array($0[..<parameters.count]), Array($0[parameters.count...]))
    }
    let error = relativeError(of: tangent, from: numeric)
    #expect(error.worst < 1e-3, "\(error)")

    // <g, J t> = <J' g, t>
    let pulled = gradients(test)
    let forward = dot(doubles(test.outputGradient), doubles(tangent))
    let backward = dot(doubles(pulled.parameters + pulled.inputs), direction)
    #expect(abs(forward - backward) < 1e-4 * (abs(forward) + abs(backward) + 1))
  }

  @Test(arguments: Activation.allCases, [false, true]) func passesAllocateNothing(
    _ activation: Activation, _ normalized: Bool
  ) {
    let network = Perceptron(
      inputs: 6, hidden: [32, 32], outputs: 3, activation: activation, layerNormalization: normalized)
    var stream = RandomStream(seed: 5)
    var parameters = network.initialParameters(.he, using: &stream)
    let workspace = PerceptronWorkspace(for: network, capacity: 64, keepsActivations: true)
    let lean = PerceptronWorkspace(for: network, capacity: 64, keepsActivations: false)
    let x = Matrix(rows: 64, columns: 6)
    let outputGradient = Matrix(rows: 64, columns: 3)
    var inputGradient = Matrix(rows: 64, columns: 6)
    var gradient = Vector(count: parameters.count)
    var adam = Adam(count: parameters.count)
    var momentum = MomentumDescent(count: parameters.count)
    let forward = allocations {
      network.forward(parameters.pointer, x.pointer, rows: 64, lean)
      network.forward(parameters.pointer, x.pointer, rows: 64, workspace)
    }
    let pushforward = allocations {
      _ = network.pushforward(
        parameters.pointer, x.pointer, rows: 64, workspace, parameterTangent: gradient.pointer, inputTangent: x.pointer)
    }
    let backward = allocations {
      network.backward(
        parameters.pointer, x.pointer, rows: 64, outputGradient: outputGradient.pointer, workspace,
        parameterGradient: gradient.mutablePointer, inputGradient: inputGradient.mutablePointer)
    }
    let steps = allocations {
      gradient.clipNorm(to: 1)
      adam.step(&parameters, gradient: gradient, learningRate: 1e-3)
      momentum.step(&parameters, gradient: gradient, learningRate: 1e-3)
    }
    #expect([forward, pushforward, backward, steps] == [0, 0, 0, 0])
  }

  /// The norms of the rows' own gradients, and passes over the later rows of a workspace.
  @Test(arguments: PerceptronCase.all.filter { !$0.network.layerNormalization })
  func rowsHaveTheirOwnNormsAndPlaces(_ test: PerceptronCase) {
    let (network, parameters, inputs) = (test.network, test.parameters, test.inputs)
    let workspace = PerceptronWorkspace(for: network, capacity: 2 * test.rows + 1, keepsActivations: true)
    let first = test.rows + 1
    var norms = [Float](repeating: .nan, count: test.rows)
    var later = Gradients(
      parameters: Array(repeating: .nan, count: parameters.count), inputs: Array(repeating: .nan, count: inputs.count))
    let plain = network.forward(parameters, inputs, rows: test.rows, workspace)
    let shifted = network.forward(parameters, inputs, rows: test.rows, workspace, from: first)
    #expect((0..<test.rows * network.outputs).allSatisfy { plain[$0] == shifted[$0] })
    network.backward(
      parameters, inputs, rows: test.rows, outputGradient: test.outputGradient, workspace,
      parameterGradient: &later.parameters, inputGradient: &later.inputs, squaredNorms: &norms, from: first)
    let expected = gradients(test)
    #expect(later.parameters == expected.parameters && later.inputs == expected.inputs)
    let single = PerceptronWorkspace(for: network, capacity: 1, keepsActivations: true)
    for row in 0..<test.rows {
      var own = [Float](repeating: 0, count: parameters.count)
      let x = Array(inputs[row * network.inputs..<(row + 1) * network.inputs])
      network.forward(parameters, x, rows: 1, single)
      network.backward(
        parameters, x, rows: 1,
        outputGradient: Array(test.outputGradient[row * network.outputs..<(row + 1) * network.outputs]), single,
        parameterGradient: &own)
      let square = own.reduce(0.0) { $0 + Double($1) * Double($1) }
      #expect(abs(Double(norms[row]) - square) <= 1e-4 * square + 1e-12, "row \(row): \(norms[row]), not \(square)")
    }
  }
}
