import Kernels

extension NormalizedPerceptron {
  /// Rows that go through all layers together in passes that keep nothing: their activations stay in the cache, and the
  /// network's weights in the next one.
  private static var strip: Int { 64 }

  /// Outputs [rows, outputs] for inputs `x` [rows, inputs], left in the workspace and returned. `packed` must be the
  /// weights of `parameters`. Components are left out only if a stream is given to draw them from. O(rows *
  /// parameters).
  @discardableResult
  package func forward(
    _ parameters: UnsafePointer<Float>, _ packed: PackedWeights, _ x: UnsafePointer<Float>, rows: Int,
    _ workspace: Workspace,
    dropout stream: RandomStream? = nil
  ) -> UnsafeMutablePointer<Float> {
    inStrips(parameters, packed, rows: rows, workspace, dropout: stream) { first, count, z in
      multiply(parameters, packed, 0, x + first * layers[0].inputs, rows: count, into: z)
    }
  }

  /// The same where all rows begin with the same numbers `shared` [S] and go on with `x` [rows, inputs - S]: their
  /// share of the first product is taken once. `bias` [outputs of the first layer] is scratch.
  @discardableResult
  package func forward(
    _ parameters: UnsafePointer<Float>, _ packed: PackedWeights, shared: UnsafePointer<Float>, count: Int,
    _ x: UnsafePointer<Float>, rows: Int, bias: UnsafeMutablePointer<Float>, _ workspace: Workspace
  ) -> UnsafeMutablePointer<Float> {
    let layer = layers[0]
    LayerProduct.forward(
      rows: 1, inputs: count, outputs: layer.outputs, shared, .init(parameters + layer.weight),
      bias: parameters + layer.bias, .identity, into: bias)
    let own = layer.inputs - count
    return inStrips(parameters, packed, rows: rows, workspace, dropout: nil) { first, rows, z in
      LayerProduct.forward(
        rows: rows, inputs: own, outputs: layer.outputs, x + first * own,
        .init(parameters + layer.weight + count * layer.outputs), bias: bias, .identity, into: z)
    }
  }

  /// A pass whose first products `begin` makes, for rows from a number on, so many, in strips of rows unless activations
  /// are kept.
  @inline(__always)
  private func inStrips(
    _ parameters: UnsafePointer<Float>, _ packed: PackedWeights, rows: Int, _ workspace: Workspace,
    dropout stream: RandomStream?, _ begin: (Int, Int, UnsafeMutablePointer<Float>) -> Void
  ) -> UnsafeMutablePointer<Float> {
    precondition(rows <= workspace.capacity, "\(rows) rows in a workspace of \(workspace.capacity)")
    workspace.drops = dropout > 0 && stream != nil
    let strip = workspace.keeps || workspace.drops ? rows : min(rows, NormalizedPerceptron.strip)
    for first in stride(from: 0, to: rows, by: strip) {
      let count = min(strip, rows - first)
      begin(first, count, workspace.outputs[0])
      finish(
        parameters, packed, rows: count, workspace, into: workspace.output + first * outputs,
        dropout: stream)
    }
    return workspace.output
  }

  /// All that comes after the first product.
  private func finish(
    _ parameters: UnsafePointer<Float>, _ packed: PackedWeights, rows: Int, _ workspace: Workspace,
    into output: UnsafeMutablePointer<Float>, dropout stream: RandomStream?
  ) {
    for (index, layer) in layers.enumerated() {
      let z = index == layers.count - 1 ? output : workspace.outputs[index]
      if index > 0 {
        multiply(parameters, packed, index, workspace.outputs[index - 1], rows: rows, into: z)
      } else if workspace.drops, let stream {
        drop(z, count: rows * layer.outputs, workspace.factors, stream)
      }
      guard let (gain, shift, function) = layer.normalization else { continue }
      NormalizedLayer.forward(
        z, gain: parameters + gain, shift: parameters + shift, rows: rows, columns: layer.outputs, function,
        keeping: workspace.kept[index])
    }
  }

  /// z [rows, outputs] = x [rows, inputs] W + bias of layer `index`.
  private func multiply(
    _ parameters: UnsafePointer<Float>, _ packed: PackedWeights, _ index: Int, _ x: UnsafePointer<Float>, rows: Int,
    into z: UnsafeMutablePointer<Float>
  ) {
    let layer = layers[index]
    if layer.isReduced, let weights = packed.forward(index) {
      BFloat16Product.multiply(
        m: rows, n: layer.outputs, k: layer.inputs, x, lda: layer.inputs, packed: weights,
        .bias(parameters + layer.bias), into: z, ldc: layer.outputs)
    } else {
      LayerProduct.forward(
        rows: rows, inputs: layer.inputs, outputs: layer.outputs, x,
        .init(parameters + layer.weight, packed: packed.forward(index)), bias: parameters + layer.bias, .identity,
        into: z)
    }
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
    _ parameters: UnsafePointer<Float>, _ packed: PackedWeights, _ x: UnsafePointer<Float>, rows: Int,
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
        if layer.isReduced {
          BFloat16Product.multiply(
            m: layer.inputs, n: layer.outputs, k: rows, transposed: input, lda: layer.inputs, gradient,
            ldb: layer.outputs, accumulate: true, into: target + layer.weight, ldc: layer.outputs)
        } else {
          gemm(
            .transposed, .none, m: layer.inputs, n: layer.outputs, k: rows, input, lda: layer.inputs, gradient,
            ldb: layer.outputs, beta: 1, target + layer.weight, ldc: layer.outputs)
        }
        Reductions.columnSums(
          gradient, rows: rows, columns: layer.outputs, into: target + layer.bias, accumulate: true)
      }
      if index == 0 {
        guard let inputGradient else { return }
        if let weights = packed.gradient(0), layer.isReduced, firstInput == 0 {
          return passBack(weights, layer, gradient, rows: rows, into: inputGradient)
        }
        LayerProduct.inputGradient(
          rows: rows, inputs: layer.inputs - firstInput, outputs: layer.outputs, gradient,
          .init(
            parameters + layer.weight + firstInput * layer.outputs, packed: firstInput == 0 ? packed.gradient(0) : nil),
          slope: .one, into: inputGradient)
        return
      }
      // dX = dZ W'
      let below = gradient == workspace.deltas.0 ? workspace.deltas.1 : workspace.deltas.0
      if let weights = packed.gradient(index), layer.isReduced {
        passBack(weights, layer, gradient, rows: rows, into: below)
      } else {
        LayerProduct.inputGradient(
          rows: rows, inputs: layer.inputs, outputs: layer.outputs, gradient,
          .init(parameters + layer.weight, packed: packed.gradient(index)), slope: .one, into: below)
      }
      gradient = below
    }
  }

  /// dX [rows, inputs] = dZ [rows, outputs] W' of a layer with products of bfloat16 numbers.
  private func passBack(
    _ weights: UnsafePointer<Float>, _ layer: Layer, _ gradient: UnsafePointer<Float>, rows: Int,
    into below: UnsafeMutablePointer<Float>
  ) {
    BFloat16Product.multiply(
      m: rows, n: layer.inputs, k: layer.outputs, gradient, lda: layer.outputs, packed: weights, .zero, into: below,
      ldc: layer.inputs)
  }
}
