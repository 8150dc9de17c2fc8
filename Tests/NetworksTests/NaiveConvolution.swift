import Foundation
import Kernels
import Networks

/// A network behind convolutions by plain loops in double precision: the oracle of the fast one.
struct NaiveConvolution {
  let network: ConvolutionalNetwork

  /// Outputs [rows, outputs] for `images` [rows, inputs].
  func callAsFunction(_ parameters: [Double], _ images: [Double]) -> [Double] {
    let (size, rows) = (network.inputs, images.count / network.inputs)
    let maps = (0..<rows).flatMap { features(parameters, Array(images[$0 * size..<($0 + 1) * size])) }
    let body = Array(parameters[network.bodyOffset...])
    return NaivePerceptron(network: network.body)(body, maps)
  }

  private func activate(_ activation: Activation, _ z: Double) -> Double {
    switch activation {
    case .relu: max(z, 0)
    case .tanh: tanh(z)
    case .silu: z / (1 + exp(-z))
    }
  }

  private func features(_ parameters: [Double], _ image: [Double]) -> [Double] {
    guard let front = network.front else { return image }
    var input = image.map { $0 * Double(front.scale) }
    for layer in front.layers {
      let patches = layer.patches
      var output = [Double](repeating: 0, count: layer.outputs)
      for y in 0..<patches.rows {
        for x in 0..<patches.columns {
          for filter in 0..<layer.filters {
            var sum = parameters[layer.bias + filter]
            for dy in 0..<patches.size {
              for dx in 0..<patches.size {
                for channel in 0..<patches.channels {
                  let (row, column) = (y * patches.stride + dy, x * patches.stride + dx)
                  sum +=
                    input[(row * patches.width + column) * patches.channels + channel]
                    * parameters[
                      layer.weight + ((dy * patches.size + dx) * patches.channels + channel) * layer.filters + filter]
                }
              }
            }
            output[(y * patches.columns + x) * layer.filters + filter] = activate(front.activation, sum)
          }
        }
      }
      input = output
    }
    return input
  }
}

/// A network with images, parameters and output gradients drawn at random.
struct ConvolutionCase: Sendable, CustomStringConvertible {
  let network: ConvolutionalNetwork
  let rows: Int

  /// Sizes of images, layers of filters, kernel and stride, hidden layers and outputs.
  private struct Shape {
    let height: Int
    let width: Int
    let channels: Int
    let layers: [[Int]]
    let hidden: [Int]
    let outputs: Int
  }

  /// Layers of odd sizes, strides and channels; kernels as large as the image; a single filter; layers of 1x1.
  private static let shapes = [
    Shape(height: 7, width: 9, channels: 2, layers: [[3, 3, 2], [5, 2, 1]], hidden: [6], outputs: 3),
    Shape(height: 5, width: 5, channels: 1, layers: [[4, 5, 1]], hidden: [], outputs: 2),
    Shape(height: 6, width: 4, channels: 3, layers: [[1, 2, 2]], hidden: [5], outputs: 1),
    Shape(height: 6, width: 6, channels: 1, layers: [[2, 3, 1], [17, 1, 1], [3, 2, 2]], hidden: [4], outputs: 2),
  ]

  static let all: [ConvolutionCase] = Activation.allCases.flatMap { activation in
    shapes.compactMap { shape -> ConvolutionCase? in
      let layers = shape.layers.map { ConvolutionLayer(filters: $0[0], kernel: $0[1], stride: $0[2]) }
      guard
        let front = ConvolutionalFront(
          layers, height: shape.height, width: shape.width, channels: shape.channels, activation: activation, scale: 0.5
        )
      else { return nil }
      let body = Perceptron(
        inputs: front.outputs, hidden: shape.hidden, outputs: shape.outputs, activation: activation)
      return ConvolutionCase(network: ConvolutionalNetwork(front, body), rows: 3)
    }
  }

  var description: String {
    let layers = network.front?.layers.map { "\($0.filters)x\($0.patches.size)/\($0.patches.stride)" } ?? []
    return "\(layers.joined(separator: ", ")) \(network.body.activation)"
  }

  private func drawn(_ count: Int, _ label: String, scale: Float = 1) -> [Float] {
    var stream = RandomStream(seed: 78).child(label)
    return (0..<count).map { _ in scale * stream.normal() }
  }

  var parameters: [Float] { drawn(network.layout.count, "parameters", scale: 0.5) }
  var images: [Float] { drawn(rows * network.inputs, "images") }
  var outputGradient: [Float] { drawn(rows * network.outputs, "gradient") }
}
