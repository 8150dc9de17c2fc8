import Kernels

extension Perceptron {
  /// Vector-Jacobian product at the last forward pass through `workspace` with the same `parameters`, `x` and `rows`.
  ///
  /// `outputGradient` [rows, outputs] is the loss's gradient. `parameterGradient` (laid out as the parameters) is
  /// overwritten, or added to if `accumulate`; nil skips it. `inputGradient` [rows, inputs] is overwritten; nil skips
  /// it. `packed`, if given, must be the weights of `parameters`, gradients' included. `first` is that of the forward
  /// pass.
  ///
  /// `squaredNorms` [rows], if given, is overwritten by the squared Euclidean norm of each row's own contribution to
  /// the parameters' gradient, without forming it: the sum over layers of (|x|^2 + 1) |dz|^2 for a layer's input x and
  /// output gradient dz (Goodfellow 2015, "Efficient per-example gradient computations"). Not with layer normalization.
  package func backward(
    _ parameters: UnsafePointer<Float>, _ x: UnsafePointer<Float>, rows: Int,
    outputGradient: UnsafePointer<Float>, _ workspace: PerceptronWorkspace,
    parameterGradient: UnsafeMutablePointer<Float>?, accumulate: Bool = false,
    inputGradient: UnsafeMutablePointer<Float>? = nil, squaredNorms: UnsafeMutablePointer<Float>? = nil,
    from first: Int = 0, packed: PackedWeights? = nil
  ) {
    precondition(workspace.keepsActivations, "the forward pass kept no activations")
    precondition(!layerNormalization || (first == 0 && squaredNorms == nil), "not with normalized layers")
    squaredNorms?.update(repeating: 0, count: rows)
    let beta: Float = accumulate ? 1 : 0
    var gradient = outputGradient
    for index in layers.indices.reversed() {
      let layer = layers[index]
      let input = index == 0 ? x : UnsafePointer(workspace.outputs[index - 1] + first * layer.inputs)
      if let squaredNorms {
        for r in 0..<rows {
          let (row, slopes) = (input + r * layer.inputs, gradient + r * layer.outputs)
          squaredNorms[r] +=
            (Reductions.dot(row, row, count: layer.inputs) + 1)
            * Reductions.dot(slopes, slopes, count: layer.outputs)
        }
      }
      if let target = parameterGradient {
        // dW = X' dZ, db = column sums of dZ
        if layer.outputs == 1 {
          gemv(.transposed, rows: rows, columns: layer.inputs, input, gradient, beta: beta, target + layer.weight)
        } else if layer.isReduced {
          BFloat16Product.multiply(
            m: layer.inputs, n: layer.outputs, k: rows, transposed: input, lda: layer.inputs, gradient,
            ldb: layer.outputs, accumulate: accumulate, into: target + layer.weight, ldc: layer.outputs)
        } else {
          gemm(
            .transposed, .none, m: layer.inputs, n: layer.outputs, k: rows, input, lda: layer.inputs, gradient,
            ldb: layer.outputs, beta: beta, target + layer.weight, ldc: layer.outputs)
        }
        if layer.gain == nil {  // under a normalization the shift's gradient was taken before it
          Reductions.columnSums(
            gradient, rows: rows, columns: layer.outputs, into: target + layer.bias, accumulate: accumulate)
        }
      }
      if index == 0 && inputGradient == nil { return }
      // dX = dZ W', times the slope of the layer below
      let below =
        index == 0 ? inputGradient ?? workspace.deltas.0 : index % 2 == 0 ? workspace.deltas.0 : workspace.deltas.1
      let slope = index == 0 ? LayerProduct.Slope.one : self.slope(index - 1, workspace, from: first)
      if layer.isReduced {
        multiplyReduced(
          gradient, layer.outputs, parameters + layer.weight, packed?.gradient(index), transposed: true, rows: rows,
          layer.inputs, into: below)
        LayerProduct.multiply(below, by: slope, count: rows * layer.inputs)
      } else {
        LayerProduct.inputGradient(
          rows: rows, inputs: layer.inputs, outputs: layer.outputs, gradient,
          .init(parameters + layer.weight, packed: packed?.gradient(index)), slope: slope, into: below)
      }
      if index == 0 { return }
      let hidden = layers[index - 1]
      if let gain = hidden.gain {
        var gainGradient: UnsafeMutablePointer<Float>?
        if let target = parameterGradient {
          Reductions.columnSums(
            below, rows: rows, columns: hidden.outputs, into: target + hidden.bias, accumulate: accumulate)
          gainGradient = target + gain
          if !accumulate { (target + gain).update(repeating: 0, count: hidden.outputs) }
        }
        LayerNormalization.backward(
          below, gain: parameters + gain, rows: rows, columns: hidden.outputs,
          normalized: workspace.normalized[index - 1], capacity: workspace.capacity, gainGradient: gainGradient)
        if workspace.drops {
          let kept = workspace.kept[index - 1]
          for i in 0..<rows * hidden.outputs { below[i] *= kept[i] }
        }
      }
      gradient = UnsafePointer(below)
    }
  }

  /// Brings what the last forward pass through `workspace` left of `rows`, which ascend, to the front, for a backward
  /// pass of these rows alone that asks for no parameters' gradient. O(rows * hidden units), no allocation.
  package func keep(_ rows: UnsafeBufferPointer<Int32>, of workspace: PerceptronWorkspace) {
    func move(_ block: UnsafeMutablePointer<Float>, _ width: Int) {
      for (place, row) in rows.enumerated() where place != Int(row) {
        (block + place * width).update(from: block + Int(row) * width, count: width)
      }
    }
    for (index, width) in hidden.enumerated() {
      move(activation == .silu ? workspace.slopes[index] : workspace.outputs[index], width)
      guard layerNormalization else { continue }
      let normalized = workspace.normalized[index]
      move(normalized, width)
      move(LayerNormalization.inverses(normalized, capacity: workspace.capacity, columns: width), 1)
      if workspace.drops { move(workspace.kept[index], width) }
    }
  }

  /// Jacobian-vector product at the last forward pass through `workspace`: the outputs' tangent [rows, outputs] for
  /// tangents of the parameters (laid out as they are; nil for zero) and of the inputs [rows, inputs] (nil for zero).
  /// The result is in the workspace until its next use.
  package func pushforward(
    _ parameters: UnsafePointer<Float>, _ x: UnsafePointer<Float>, rows: Int, _ workspace: PerceptronWorkspace,
    parameterTangent: UnsafePointer<Float>?, inputTangent: UnsafePointer<Float>?
  ) -> UnsafeMutablePointer<Float> {
    precondition(workspace.keepsActivations, "the forward pass kept no activations")
    precondition(!workspace.drops && !layers.contains(where: \.isReduced), "not with dropout or bfloat16")
    var tangent = inputTangent
    for index in layers.indices {
      let layer = layers[index]
      let input = index == 0 ? x : UnsafePointer(workspace.outputs[index - 1])
      let out = index % 2 == 0 ? workspace.deltas.0 : workspace.deltas.1
      out.update(repeating: 0, count: rows * layer.outputs)
      // dZ = dX W + X dW + db
      if let tangent {
        gemm(
          .none, .none, m: rows, n: layer.outputs, k: layer.inputs, tangent, lda: layer.inputs,
          parameters + layer.weight, ldb: layer.outputs, out, ldc: layer.outputs)
      }
      if let parameterTangent {
        gemm(
          .none, .none, m: rows, n: layer.outputs, k: layer.inputs, input, lda: layer.inputs,
          parameterTangent + layer.weight, ldb: layer.outputs, beta: 1, out, ldc: layer.outputs)
      }
      if let gain = layer.gain {
        LayerNormalization.pushforward(
          out, gain: parameters + gain, gainTangent: parameterTangent.map { $0 + gain }, rows: rows,
          columns: layer.outputs, normalized: workspace.normalized[index], capacity: workspace.capacity)
      }
      if let parameterTangent {
        Elementwise.addBias(out, parameterTangent + layer.bias, rows: rows, columns: layer.outputs)
      }
      if !layer.isLast { LayerProduct.multiply(out, by: slope(index, workspace), count: rows * layer.outputs) }
      tangent = UnsafePointer(out)
    }
    return (layers.count - 1) % 2 == 0 ? workspace.deltas.0 : workspace.deltas.1
  }
}
