import Kernels
import Networks
import TestSupport
import Testing

/// Perceptrons whose products are those of bfloat16 numbers against the same in single precision, which finite differences
/// and plain loops check.
@Suite struct PerceptronPrecisionTests {
  /// Outputs and gradients of one pass.
  private struct Pass {
    var outputs: [Float]
    var parameters: [Float]
    var inputs: [Float]
  }

  private static let cases: [(hidden: [Int], outputs: Int, activation: Activation, normalized: Bool)] = [
    ([64, 64], 1, .relu, false), ([80, 72, 64], 2, .silu, false), ([64, 100], 70, .tanh, false),
    ([64, 64], 1, .relu, true), ([96, 65], 3, .silu, true),
  ]

  private static func test(_ number: Int, _ precision: ProductPrecision) -> PerceptronCase {
    let shape = cases[number]
    return PerceptronCase(
      network: Perceptron(
        inputs: 5, hidden: shape.hidden, outputs: shape.outputs, activation: shape.activation,
        layerNormalization: shape.normalized, precision: precision),
      rows: 37)
  }

  /// Parameters of about the size that networks begin with.
  private static func parameters(_ test: PerceptronCase) -> [Float] { test.parameters.map { $0 * 0.2 } }

  private static func pass(_ test: PerceptronCase, packs: Bool = false, start: [Float]? = nil) -> Pass {
    let workspace = PerceptronWorkspace(for: test.network, capacity: test.rows, keepsActivations: true)
    let (parameters, inputs) = (parameters(test), test.inputs)
    let packed = packs ? PackedWeights(for: test.network, gradients: true, inputGradients: true) : nil
    packed?.update(from: parameters)
    var result = Pass(
      outputs: [], parameters: start ?? Array(repeating: .nan, count: parameters.count),
      inputs: Array(repeating: .nan, count: inputs.count))
    let output = test.network.forward(parameters, inputs, rows: test.rows, workspace, packed: packed)
    result.outputs = Array(UnsafeBufferPointer(start: output, count: test.rows * test.network.outputs))
    test.network.backward(
      parameters, inputs, rows: test.rows, outputGradient: test.outputGradient, workspace,
      parameterGradient: &result.parameters, accumulate: start != nil, inputGradient: &result.inputs, packed: packed)
    return result
  }

  /// Length of the difference over that of `b`.
  private static func gap(_ a: [Float], _ b: [Float]) -> Float {
    let difference = zip(a, b).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return (difference / b.reduce(0) { $0 + $1 * $1 }).squareRoot()
  }

  @Test(arguments: cases.indices) func passesAreCloseToSinglePrecision(_ number: Int) {
    let (exact, reduced) = (Self.pass(Self.test(number, .single)), Self.pass(Self.test(number, .bfloat16)))
    for (name, a, b) in [
      ("outputs", reduced.outputs, exact.outputs), ("parameters", reduced.parameters, exact.parameters),
      ("inputs", reduced.inputs, exact.inputs),
    ] {
      // 2^-9 for each operand, and a relu that opens or closes
      #expect(Self.gap(a, b) < 0.03 && a != b, "\(name): \(Self.gap(a, b))")
    }
  }

  @Test(arguments: cases.indices) func packedWeightsChangeNoBit(_ number: Int) {
    let test = Self.test(number, .bfloat16)
    let (alone, packed) = (Self.pass(test), Self.pass(test, packs: true))
    #expect(alone.outputs == packed.outputs && alone.parameters == packed.parameters && alone.inputs == packed.inputs)
  }

  @Test(arguments: cases.indices) func accumulationAddsToWhatIsThere(_ number: Int) {
    let test = Self.test(number, .bfloat16)
    let start = test.drawn(test.network.layout.count, "start")
    let (once, added) = (Self.pass(test), Self.pass(test, start: start))
    #expect(Self.gap(added.parameters, zip(once.parameters, start).map { $0 + $1 }) < 1e-5)
  }

  /// Outputs of a row do not depend on those it passes with, as in single precision.
  @Test func rowsAreIndependent() {
    let test = Self.test(1, .bfloat16)
    let (parameters, inputs) = (Self.parameters(test), test.inputs)
    let workspace = PerceptronWorkspace(for: test.network, capacity: test.rows, keepsActivations: false)
    let all = Self.pass(test).outputs
    for row in 0..<test.rows {
      let alone = inputs.withUnsafeBufferPointer { inputs in
        inputs.baseAddress.map {
          test.network.forward(parameters, $0 + row * test.network.inputs, rows: 1, workspace)
        }
      }
      for c in 0..<test.network.outputs { #expect(alone?[c] == all[row * test.network.outputs + c], "row \(row)") }
    }
  }

  @Test func smallLayersKeepSinglePrecision() {
    func output(_ precision: ProductPrecision) -> [Float] {
      Self.pass(
        PerceptronCase(
          network: Perceptron(inputs: 70, hidden: [63, 63], outputs: 70, activation: .relu, precision: precision),
          rows: 9)
      ).outputs
    }
    #expect(output(.single) == output(.bfloat16))
  }
}
