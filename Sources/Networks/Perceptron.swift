import Kernels

/// Multi-layer perceptron: hidden layers `activation(x W + b)` (with layer normalization before the activation if asked
/// for) and a linear output layer. The architecture alone; parameters live in a flat `Vector` laid out by `layout`.
public struct Perceptron: Sendable, Equatable {
  /// Offsets of one layer's parameters, with its sizes.
  package struct Layer: Sendable, Equatable {
    package let inputs: Int
    package let outputs: Int
    package let weight: Int
    package let bias: Int
    /// Offset of the normalization's gain [outputs] (its shift takes the place of the bias); nil without one.
    package let gain: Int?
    package let isLast: Bool
    /// Whether its products are those of bfloat16 numbers.
    package let isReduced: Bool
  }

  /// Floats per input row.
  public let inputs: Int
  /// Widths of the hidden layers.
  public let hidden: [Int]
  /// Floats per output row.
  public let outputs: Int
  /// Nonlinearity of the hidden layers.
  public let activation: Activation
  /// Whether hidden layers are normalized (Ba et al. 2016) before their activation.
  public let layerNormalization: Bool
  /// Probability that a component of a hidden layer is left out of a pass that draws them (dropout, Srivastava et al. 2014),
  /// before the layer's normalization as in DroQ (Hiraoka et al. 2022); passes that draw nothing leave none out.
  public let dropout: Float
  /// Names and places of the parameters: `layers.<i>.weight` [in, out], `.bias` [out], `.gain` [out].
  public let layout: ParameterLayout
  package let layers: [Layer]

  /// An architecture; every width at least 1. Dropout, of a probability in 0..<1, needs layer normalization. `precision` is
  /// that of products in `forward` and `backward`; `pushforward` needs single precision.
  public init(
    inputs: Int, hidden: [Int], outputs: Int, activation: Activation, layerNormalization: Bool = false,
    dropout: Float = 0, precision: ProductPrecision = .single
  ) {
    precondition((0..<1).contains(dropout) && (dropout == 0 || layerNormalization), "dropout of \(dropout)")
    precondition(
      inputs > 0 && outputs > 0 && hidden.allSatisfy { $0 > 0 }, "empty layer in \(inputs), \(hidden), \(outputs)")
    self.inputs = inputs
    self.hidden = hidden
    self.outputs = outputs
    self.activation = activation
    self.layerNormalization = layerNormalization
    self.dropout = dropout
    let widths = [inputs] + hidden + [outputs]
    var layout = ParameterLayout()
    layers = (0..<widths.count - 1).map { index in
      let isLast = index == widths.count - 2
      let name = "layers.\(index)"
      let weight = layout.append(name + ".weight", shape: [widths[index], widths[index + 1]])
      let bias = layout.append(name + ".bias", shape: [widths[index + 1]])
      let gain = layerNormalization && !isLast ? layout.append(name + ".gain", shape: [widths[index + 1]]) : nil
      return Layer(
        inputs: widths[index], outputs: widths[index + 1], weight: weight, bias: bias, gain: gain, isLast: isLast,
        isReduced: precision.isReduced(inputs: widths[index], outputs: widths[index + 1]))
    }
    self.layout = layout
  }

  /// Multiplications and additions of one forward pass of one row, matrix products only.
  public var flops: Int { layers.reduce(0) { $0 + 2 * $1.inputs * $1.outputs } }
}
