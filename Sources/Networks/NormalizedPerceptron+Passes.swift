import Kernels

extension NormalizedPerceptron {
  /// Outputs [rows, outputs] for inputs `x` [rows, inputs], left in the workspace and returned. `packed` must be the
  /// weights of `parameters`. Components are left out only if a stream is given to draw them from. O(rows *
  /// parameters).
  @discardableResult
  package func forward(
    _ parameters: UnsafePointer<Float>, _ packed: Packed, _ x: UnsafePointer<Float>, rows: Int, _ workspace: Workspace,
    dropout stream: RandomStream? = nil
  ) -> UnsafeMutablePointer<Float> {
    precondition(rows <= workspace.capacity, "\(rows) rows in a workspace of \(workspace.capacity)")
    let layer = layers[0]
    LayerProduct.forward(
      rows: rows, inputs: layer.inputs, outputs: layer.outputs, x,
      .init(parameters + layer.weight, packed: packed.forward(0)), bias: parameters + layer.bias, .identity,
      into: workspace.outputs[0])
    return finish(parameters, packed, rows: rows, workspace, dropout: stream)
  }

  /// The same where all rows begin with the same numbers `shared` [S] and go on with `x` [rows, inputs - S]: their
  /// share of the first product is taken once. `bias` [outputs of the first layer] is scratch.
  @discardableResult
  package func forward(
    _ parameters: UnsafePointer<Float>, _ packed: Packed, shared: UnsafePointer<Float>, count: Int,
    _ x: UnsafePointer<Float>, rows: Int, bias: UnsafeMutablePointer<Float>, _ workspace: Workspace
  ) -> UnsafeMutablePointer<Float> {
    precondition(rows <= workspace.capacity, "\(rows) rows in a workspace of \(workspace.capacity)")
    let layer = layers[0]
    LayerProduct.forward(
      rows: 1, inputs: count, outputs: layer.outputs, shared, .init(parameters + layer.weight),
      bias: parameters + layer.bias, .identity, into: bias)
    LayerProduct.forward(
      rows: rows, inputs: layer.inputs - count, outputs: layer.outputs, x,
      .init(parameters + layer.weight + count * layer.outputs), bias: bias, .identity, into: workspace.outputs[0])
    return finish(parameters, packed, rows: rows, workspace, dropout: nil)
  }

  /// All that comes after the first product.
  private func finish(
    _ parameters: UnsafePointer<Float>, _ packed: Packed, rows: Int, _ workspace: Workspace,
    dropout stream: RandomStream?
  ) -> UnsafeMutablePointer<Float> {
    workspace.drops = dropout > 0 && stream != nil
    for (index, layer) in layers.enumerated() {
      let z = workspace.outputs[index]
      if index > 0 {
        LayerProduct.forward(
          rows: rows, inputs: layer.inputs, outputs: layer.outputs, workspace.outputs[index - 1],
          .init(parameters + layer.weight, packed: packed.forward(index)), bias: parameters + layer.bias, .identity,
          into: z)
      } else if workspace.drops, let stream {
        drop(z, count: rows * layer.outputs, workspace.factors, stream)
      }
      guard let (gain, shift, function) = layer.normalization else { continue }
      NormalizedLayer.forward(
        z, gain: parameters + gain, shift: parameters + shift, rows: rows, columns: layer.outputs, function,
        keeping: workspace.kept[index])
    }
    return workspace.output
  }

  /// Leaves components of `z` out and scales the others by 1 / (1 - dropout), and keeps their factors.
  private func drop(
    _ z: UnsafeMutablePointer<Float>, count: Int, _ factors: UnsafeMutablePointer<Float>, _ stream: RandomStream
  ) {
    var stream = stream
    stream.fillUniform(factors, count: count)
    let (rate, scale) = (dropout, 1 / (1 - dropout))
    for i in 0..<count {
      factors[i] = factors[i] < rate ? 0 : scale
      z[i] *= factors[i]
    }
  }

  /// Vector-Jacobian product at the last forward pass through `workspace`, which kept its activations, with the same
  /// `x`.
  ///
  /// `outputGradient` [rows, outputs] is overwritten. The gradient of the parameters is added to `parameterGradient`,
  /// unless nil; that of the inputs from number `firstInput` on overwrites `inputGradient` [rows, inputs - firstInput],
  /// unless nil.
  package func backward(
    _ parameters: UnsafePointer<Float>, _ packed: Packed, _ x: UnsafePointer<Float>, rows: Int,
    outputGradient: UnsafeMutablePointer<Float>, _ workspace: Workspace,
    parameterGradient target: UnsafeMutablePointer<Float>?, inputGradient: UnsafeMutablePointer<Float>? = nil,
    from firstInput: Int = 0
  ) {
    precondition(workspace.keeps, "the forward pass kept no activations")
    var gradient = outputGradient
    for index in layers.indices.reversed() {
      let layer = layers[index]
      if let (gain, shift, function) = layer.normalization, let kept = workspace.kept[index] {
        NormalizedLayer.backward(
          gradient, output: workspace.outputs[index], gain: parameters + gain, rows: rows, columns: layer.outputs,
          function, kept: kept, gainGradient: target.map { $0 + gain }, shiftGradient: target.map { $0 + shift })
      }
      if index == 0 && workspace.drops {
        Elementwise.multiply(gradient, workspace.factors, count: rows * layer.outputs)
      }
      if let target {
        // dW += X' dZ, db += column sums of dZ
        let input = index == 0 ? x : UnsafePointer(workspace.outputs[index - 1])
        gemm(
          .transposed, .none, m: layer.inputs, n: layer.outputs, k: rows, input, lda: layer.inputs, gradient,
          ldb: layer.outputs, beta: 1, target + layer.weight, ldc: layer.outputs)
        Reductions.columnSums(
          gradient, rows: rows, columns: layer.outputs, into: target + layer.bias, accumulate: true)
      }
      if index == 0 {
        guard let inputGradient else { return }
        LayerProduct.inputGradient(
          rows: rows, inputs: layer.inputs - firstInput, outputs: layer.outputs, gradient,
          .init(
            parameters + layer.weight + firstInput * layer.outputs, packed: firstInput == 0 ? packed.gradient(0) : nil),
          slope: .one, into: inputGradient)
        return
      }
      // dX = dZ W'
      let below = gradient == workspace.deltas.0 ? workspace.deltas.1 : workspace.deltas.0
      LayerProduct.inputGradient(
        rows: rows, inputs: layer.inputs, outputs: layer.outputs, gradient,
        .init(parameters + layer.weight, packed: packed.gradient(index)), slope: .one, into: below)
      gradient = below
    }
  }
}
