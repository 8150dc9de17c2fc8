import Foundation

/// A multi-layer perceptron by plain loops in double precision, its parameters laid out layer by layer: weight
/// [inputs, outputs], bias [outputs], and behind a normalized hidden layer its gain [outputs].
package struct OraclePerceptron {
  /// Widths from the inputs to the outputs.
  package let widths: [Int]
  private let activation: (Double) -> Double
  private let layers: [Layer]
  /// Number of parameters.
  package let count: Int

  private struct Layer {
    let inputs: Int
    let outputs: Int
    let weight: Int
    let bias: Int
    let gain: Int?
    let isLast: Bool
  }

  /// A network with linear outputs; `normalized` puts layer normalization before each activation.
  package init(widths: [Int], normalized: Bool = false, activation: @escaping (Double) -> Double) {
    self.widths = widths
    self.activation = activation
    var next = 0
    layers = (1..<widths.count).map { index in
      let (inputs, outputs, isLast) = (widths[index - 1], widths[index], index == widths.count - 1)
      let (weight, bias) = (next, next + inputs * outputs)
      let gain = normalized && !isLast ? bias + outputs : nil
      next = bias + (gain == nil ? 1 : 2) * outputs
      return Layer(inputs: inputs, outputs: outputs, weight: weight, bias: bias, gain: gain, isLast: isLast)
    }
    count = next
  }

  /// Rectified linear unit.
  package static func relu(_ x: Double) -> Double { max(x, 0) }
  /// x times its logistic sigmoid.
  package static func silu(_ x: Double) -> Double { x / (1 + exp(-x)) }

  /// Indices of each layer's weights.
  package var weights: [Range<Int>] { layers.map { $0.weight..<$0.bias } }

  /// Outputs for one input row. `dropout`, if given, has the factors of each hidden layer's components.
  package func callAsFunction(
    _ parameters: ArraySlice<Double>, _ x: [Double], dropout: [[Double]]? = nil
  ) -> [Double] {
    let start = parameters.startIndex
    var input = x
    for (index, layer) in layers.enumerated() {
      var z = [Double](repeating: 0, count: layer.outputs)
      for i in 0..<layer.inputs {
        for o in 0..<layer.outputs { z[o] += input[i] * parameters[start + layer.weight + i * layer.outputs + o] }
      }
      if let dropout, !layer.isLast { for o in z.indices { z[o] *= dropout[index][o] } }
      if let gain = layer.gain {
        let mean = z.reduce(0, +) / Double(z.count)
        let variance = z.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(z.count)
        for o in z.indices { z[o] = parameters[start + gain + o] * (z[o] - mean) / (variance + 1e-5).squareRoot() }
      }
      for o in z.indices { z[o] += parameters[start + layer.bias + o] }
      input = layer.isLast ? z : z.map(activation)
    }
    return input
  }
}
