import Kernels

/// How the weights of a network are drawn. Biases start at 0 except with `uniform`, gains of a normalization at 1.
public enum Initialization: Sendable, Equatable {
  /// Orthonormal rows or columns times `gain`; the output layer times `last` instead (Saxe et al. 2014).
  case orthogonal(gain: Float, last: Float)
  /// Normal with variance 2 / fan-in (He et al. 2015).
  case he
  /// Normal truncated at two standard deviations with standard deviation `scale` / sqrt(fan-in), not corrected for the
  /// truncation (LeCun et al. 1998 with scale 1; PETS uses scale 1/2).
  case truncatedNormal(scale: Float)
  /// Uniform within 1 / sqrt(fan-in), biases too: what PyTorch gives a linear layer.
  case uniform
}

extension Initialization {
  /// Draws one layer's weights [inputs, outputs], and its biases [outputs] where they do not start at 0.
  func draw(
    weight: UnsafeMutablePointer<Float>, bias: UnsafeMutablePointer<Float>, inputs: Int, outputs: Int, isLast: Bool,
    using random: inout RandomStream
  ) {
    let count = inputs * outputs
    switch self {
    case .he:
      random.fillNormal(weight, count: count)
      Elementwise.scale(weight, count: count, by: (2 / Float(inputs)).squareRoot())
    case .truncatedNormal(let scale):
      random.fillTruncatedNormal(weight, count: count, bound: 2)
      Elementwise.scale(weight, count: count, by: scale / Float(inputs).squareRoot())
    case .orthogonal(let gain, let last):
      Initialization.fillOrthogonal(
        weight, rows: inputs, columns: outputs, gain: isLast ? last : gain, using: &random)
    case .uniform:
      let bound = 1 / Float(inputs).squareRoot()
      random.fillUniform(weight, count: count, low: -bound, high: bound)
      random.fillUniform(bias, count: outputs, low: -bound, high: bound)
    }
  }

  private static func fillOrthogonal(
    _ weight: UnsafeMutablePointer<Float>, rows: Int, columns: Int, gain: Float, using random: inout RandomStream
  ) {
    let (tall, narrow) = (max(rows, columns), min(rows, columns))
    random.fillNormal(weight, count: rows * columns)
    let drawn = DoubleMatrix(rows: tall, columns: narrow, (0..<rows * columns).map { Double(weight[$0]) })
    guard let q = try? drawn.orthonormalColumns() else { preconditionFailure("normal draws are finite") }
    for r in 0..<rows {
      for c in 0..<columns { weight[r * columns + c] = gain * Float(rows >= columns ? q[r, c] : q[c, r]) }
    }
  }
}

extension Perceptron {
  /// Fresh parameters.
  public func initialParameters(_ initialization: Initialization, using random: inout RandomStream) -> Vector {
    var parameters = Vector(count: layout.count)
    let base = parameters.mutablePointer
    for layer in layers {
      initialization.draw(
        weight: base + layer.weight, bias: base + layer.bias, inputs: layer.inputs, outputs: layer.outputs,
        isLast: layer.isLast, using: &random)
      if let gain = layer.gain { (base + gain).update(repeating: 1, count: layer.outputs) }
    }
    return parameters
  }
}
