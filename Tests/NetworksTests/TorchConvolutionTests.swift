import Foundation
import Kernels
import Networks
import Testing

/// The Nature network and MinAtar's against PyTorch's numbers, which `Benchmarks/peers/convolution_torch.py` wrote to a
/// file.
@Suite struct TorchConvolutionTests {
  struct Fixture: Decodable {
    let cases: [String: Case]
    let rmsprop: [[Double]]
  }

  struct Case: Decodable {
    let size: Int
    let channels: Int
    let layers: [[Int]]
    let width: Int
    let rows: Int
    let maximum: Float
    let outputs: [[Double]]
    let gradients: [Summary]
    let imageGradient: Summary
  }

  /// Elements of a tensor at evenly spaced places, and its norm.
  struct Summary: Decodable {
    let elements: [Double]
    let norm: Double
  }

  private func fixture() throws -> Fixture {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "Fixtures/convolution_torch.json")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Fixture.self, from: Data(contentsOf: path))
  }

  /// As `drawn` of the script.
  private func drawn(_ count: Int, _ seed: Int) -> [Double] {
    (0..<count).map {
      var x = UInt32(truncatingIfNeeded: $0 + seed * 1_000_003)
      x ^= x >> 16
      x = x &* 0x7FEB_352D
      x ^= x >> 15
      x = x &* 0x846C_A68B
      x ^= x >> 16
      return Double(x) / 4_294_967_296 - 0.5
    }
  }

  private func check(_ found: ArraySlice<Float>, _ expected: Summary, _ name: String) {
    let values = found.map(Double.init)
    let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    #expect(abs(norm - expected.norm) < 1e-4 * expected.norm, "\(name): norm \(norm), not \(expected.norm)")
    // as `numpy.linspace` rounded down
    let step = Double(values.count - 1) / Double(max(expected.elements.count - 1, 1))
    let typical = expected.norm / Double(values.count).squareRoot()
    for (index, element) in expected.elements.enumerated() {
      let place = index == expected.elements.count - 1 ? values.count - 1 : Int(Double(index) * step)
      let error = abs(values[place] - element) / max(abs(element), typical)
      #expect(error < 1e-4, "\(name)[\(place)]: \(values[place]), not \(element)")
    }
  }

  @Test(arguments: ["nature", "small"]) func passesMatchPyTorch(_ name: String) throws {
    let test = try #require(try fixture().cases[name])
    let front = try #require(
      ConvolutionalFront(
        test.layers.map { ConvolutionLayer(filters: $0[0], kernel: $0[1], stride: $0[2]) }, height: test.size,
        width: test.size, channels: test.channels, activation: .relu, scale: 1 / test.maximum))
    let outputs = test.outputs[0].count
    let network = ConvolutionalNetwork(
      front, Perceptron(inputs: front.outputs, hidden: [test.width], outputs: outputs, activation: .relu))
    var parameters = [Float]()
    for (index, entry) in network.layout.entries.enumerated() {
      let fanIn = entry.shape.dropLast().reduce(1, *)
      let scale = 2 * (6 / Double(fanIn)).squareRoot()
      parameters += drawn(entry.count, index + 1).map {
        entry.shape.count > 1 ? Float($0 * scale) : Float($0) * 0.2
      }
    }
    let images = drawn(test.rows * network.inputs, 101).map {
      Float((($0 + 0.5) * Double(test.maximum + 1)).rounded(.down))
    }
    let slopes = drawn(test.rows * outputs, 102).map { Float($0) }
    let workspace = ConvolutionalWorkspace(for: network, capacity: test.rows, keepsActivations: true)
    var (gradient, pixels) = (
      [Float](repeating: .nan, count: parameters.count), [Float](repeating: .nan, count: images.count)
    )
    let result = network.forward(parameters, images, rows: test.rows, workspace)
    let scale = test.outputs.joined().map(abs).max() ?? 1
    for (index, expected) in test.outputs.joined().enumerated() {
      #expect(
        abs(Double(result[index]) - expected) < 1e-4 * scale, "output \(index): \(result[index]), not \(expected)")
    }
    network.backward(
      parameters, images, rows: test.rows, outputGradient: slopes, workspace, parameterGradient: &gradient,
      inputGradient: &pixels)
    for (entry, expected) in zip(network.layout.entries, test.gradients) {
      check(gradient[entry.range], expected, entry.name)
    }
    check(pixels[...], test.imageGradient, "images")
  }

  @Test func centeredRMSpropIsPyTorchs() throws {
    var (optimizer, parameters) = (CenteredRMSprop(count: 8), Vector(drawn(8, 201).map { Float($0) }))
    for (step, expected) in try fixture().rmsprop.enumerated() {
      optimizer.step(&parameters, gradient: Vector(drawn(8, 202 + step).map { Float($0) }), learningRate: 2.5e-4)
      for index in 0..<8 { #expect(abs(Double(parameters[index]) - expected[index]) < 1e-6) }
    }
  }
}
