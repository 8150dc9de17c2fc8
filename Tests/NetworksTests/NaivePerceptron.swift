import Foundation
import Kernels
import Networks

/// A perceptron's forward pass by plain loops in double precision: the oracle of the fast one, and what finite differences
/// are taken of.
struct NaivePerceptron {
  let network: Perceptron

  /// Outputs of one row.
  private func row(_ parameters: [Double], _ x: ArraySlice<Double>) -> [Double] {
    var input = Array(x)
    for layer in network.layers {
      var z = (0..<layer.outputs).map { o in
        (0..<layer.inputs).reduce(0.0) { $0 + input[$1] * parameters[layer.weight + $1 * layer.outputs + o] }
      }
      if let gain = layer.gain {
        let mean = z.reduce(0, +) / Double(z.count)
        let variance = z.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(z.count)
        z = z.indices.map { parameters[gain + $0] * (z[$0] - mean) / (variance + 1e-5).squareRoot() }
      }
      for o in z.indices { z[o] += parameters[layer.bias + o] }
      input = layer.isLast ? z : z.map(activate)
    }
    return input
  }

  private func activate(_ z: Double) -> Double {
    switch network.activation {
    case .relu: max(z, 0)
    case .tanh: tanh(z)
    case .silu: z / (1 + exp(-z))
    }
  }

  /// Outputs [rows, outputs] for `x` [rows, inputs].
  func callAsFunction(_ parameters: [Double], _ x: [Double]) -> [Double] {
    stride(from: 0, to: x.count, by: network.inputs).flatMap { row(parameters, x[$0..<$0 + network.inputs]) }
  }
}

/// A network with parameters, inputs and tangents drawn at random, biases and gains included.
struct PerceptronCase: Sendable, CustomStringConvertible {
  let network: Perceptron
  let rows: Int

  static let all: [PerceptronCase] = Activation.allCases.flatMap { activation in
    [false, true].flatMap { normalized in
      [(3, [5], 1), (1, [1], 1), (7, [17, 9], 5), (5, [1, 8, 33], 2), (4, [], 3), (4, [], 1)].map {
        PerceptronCase(
          network: Perceptron(
            inputs: $0.0, hidden: $0.1, outputs: $0.2, activation: activation, layerNormalization: normalized),
          rows: 6)
      }
    }
  }

  var description: String {
    "\(network.inputs)-\(network.hidden)-\(network.outputs) \(network.activation)"
      + (network.layerNormalization ? " normalized" : "")
  }

  func drawn(_ count: Int, _ label: String, scale: Float = 1) -> [Float] {
    var stream = RandomStream(seed: 77).child(label)
    return (0..<count).map { _ in scale * stream.normal() }
  }

  var parameters: [Float] { drawn(network.layout.count, "parameters", scale: 0.7) }
  var inputs: [Float] { drawn(rows * network.inputs, "inputs") }
  var outputGradient: [Float] { drawn(rows * network.outputs, "gradient") }
}

func doubles(_ values: [Float]) -> [Double] { values.map(Double.init) }

func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
