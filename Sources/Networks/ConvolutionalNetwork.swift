import Kernels

/// A perceptron, perhaps behind convolutions whose maps it takes as one row. Without them it is the perceptron, to the
/// bit. The architecture alone; parameters live in a flat `Vector` laid out by `layout`, the convolutions' first.
public struct ConvolutionalNetwork: Sendable, Equatable {
  /// The convolutions; nil where inputs are plain vectors.
  public let front: ConvolutionalFront?
  /// What follows them.
  public let body: Perceptron
  /// Names and places of the parameters.
  public let layout: ParameterLayout

  /// `body` alone.
  public init(_ body: Perceptron) { self.init(nil, body) }

  /// `body` behind `front`, whose outputs are its inputs, if there is one.
  public init(_ front: ConvolutionalFront?, _ body: Perceptron) {
    precondition(front.map { $0.outputs == body.inputs } ?? true, "a front of other outputs than the body's inputs")
    self.front = front
    self.body = body
    guard let front else {
      layout = body.layout
      return
    }
    var layout = front.layout
    for entry in body.layout.entries { layout.append(entry.name, shape: entry.shape) }
    self.layout = layout
  }

  /// Floats per input row.
  public var inputs: Int { front?.inputs ?? body.inputs }
  /// Widths of the hidden layers after the convolutions.
  public var hidden: [Int] { body.hidden }
  /// Floats per output row.
  public var outputs: Int { body.outputs }
  /// Offset of the body's parameters.
  package var bodyOffset: Int { front?.layout.count ?? 0 }
  /// Whether outputs of a row are the same to the bit however many rows pass together.
  package var hasIndependentRows: Bool { body.hasIndependentRows }

  /// Fresh parameters: convolutions are drawn like hidden layers whose inputs are a patch.
  public func initialParameters(_ initialization: Initialization, using random: inout RandomStream) -> Vector {
    guard let front else { return body.initialParameters(initialization, using: &random) }
    var parameters = Vector(count: layout.count)
    let base = parameters.mutablePointer
    for layer in front.layers {
      initialization.draw(
        weight: base + layer.weight, bias: base + layer.bias, inputs: layer.patches.length, outputs: layer.filters,
        isLast: false, using: &random)
    }
    let rest = body.initialParameters(initialization, using: &random)
    (base + bodyOffset).update(from: rest.pointer, count: rest.count)
    return parameters
  }

  /// Multiplications and additions of one forward pass of one row, matrix products only.
  public var flops: Int {
    (front?.layers.reduce(0) { $0 + 2 * $1.patches.length * $1.outputs } ?? 0) + body.flops
  }
}

/// Scratch of one thread for passes of at most `capacity` rows through one architecture.
public final class ConvolutionalWorkspace {
  /// Of the perceptron behind the convolutions.
  package let body: PerceptronWorkspace
  /// Of the convolutions; nil where there are none.
  let front: FrontWorkspace?

  /// Scratch for `network`; allocates once, here.
  public init(for network: ConvolutionalNetwork, capacity: Int, keepsActivations: Bool) {
    body = PerceptronWorkspace(for: network.body, capacity: capacity, keepsActivations: keepsActivations)
    front = network.front.map { FrontWorkspace(for: $0, capacity: capacity, keepsActivations: keepsActivations) }
  }
}

extension ConvolutionalNetwork {
  /// Outputs [rows, outputs] for inputs `x` [rows, inputs], left in the workspace and returned. O(rows * flops), no
  /// allocation.
  @discardableResult
  package func forward(
    _ parameters: UnsafePointer<Float>, _ x: UnsafePointer<Float>, rows: Int, _ workspace: ConvolutionalWorkspace
  ) -> UnsafeMutablePointer<Float> {
    guard let front, let scratch = workspace.front else {
      return body.forward(parameters, x, rows: rows, workspace.body)
    }
    let features = front.forward(parameters, x, rows: rows, scratch)
    return body.forward(parameters + bodyOffset, features, rows: rows, workspace.body)
  }

  /// Vector-Jacobian product at the last forward pass through `workspace` with the same `parameters`, `x` and `rows`.
  /// `outputGradient` [rows, outputs] is the loss's gradient. `parameterGradient`, laid out as the parameters, and
  /// `inputGradient` [rows, inputs] are overwritten; nil skips the latter, which images seldom need.
  package func backward(
    _ parameters: UnsafePointer<Float>, _ x: UnsafePointer<Float>, rows: Int, outputGradient: UnsafePointer<Float>,
    _ workspace: ConvolutionalWorkspace, parameterGradient: UnsafeMutablePointer<Float>,
    inputGradient: UnsafeMutablePointer<Float>? = nil
  ) {
    guard let front, let scratch = workspace.front else {
      return body.backward(
        parameters, x, rows: rows, outputGradient: outputGradient, workspace.body, parameterGradient: parameterGradient,
        inputGradient: inputGradient)
    }
    body.backward(
      parameters + bodyOffset, scratch.features, rows: rows, outputGradient: outputGradient, workspace.body,
      parameterGradient: parameterGradient + bodyOffset, inputGradient: scratch.featureGradient)
    front.backward(
      parameters, x, rows: rows, scratch, parameterGradient: parameterGradient, inputGradient: inputGradient)
  }

  /// Outputs [N, outputs] for `x` [N, inputs]; allocates. For tests and tools: hot paths keep a workspace.
  public func callAsFunction(_ x: Matrix, parameters: Vector) -> Matrix {
    precondition(x.columns == inputs && parameters.count == layout.count, "shapes do not fit the network")
    let workspace = ConvolutionalWorkspace(for: self, capacity: max(x.rows, 1), keepsActivations: false)
    var result = Matrix(rows: x.rows, columns: outputs)
    withExtendedLifetime(workspace) {
      let output = forward(parameters.pointer, x.pointer, rows: x.rows, workspace)
      result.mutablePointer.update(from: output, count: result.count)
    }
    return result
  }
}
